//! What may happen in a world, what comes of it, and what must always hold: the model as the checker sees it.

use super::*;

impl Bounds {
    fn guard_events(&self, world: &World, number: usize, events: &mut Vec<Event>) {
        let guard = &world.guards[number];
        let open = guard.link().is_some();
        let limit = if self.settled { self.reconnections } else { self.reconnections + 1 };
        let may_connect = guard.connections < limit;
        if !open && world.registry.is_some() && may_connect && guard.links.len() < MAX_LINKS {
            events.push(Event::Connect(number));
        }
        let asks = |guard: &Guard| {
            let mut follower = guard.follower.clone();
            let effects = follower.tick(guard.clock(world.now), wall(world.now));
            effects.iter().any(|effect| matches!(effect, Effect::Send(_)))
        };
        if guard.link().is_some_and(|link| link.up.len() < MAX_QUEUE) && asks(guard) {
            events.push(Event::Ask(number));
        }
        // A guard that can't connect any more is as good as one that does nothing.
        if open && may_connect {
            events.push(Event::HangUp(number));
        }
        if !guard.pending.is_empty() {
            events.push(Event::ApplyLate(number));
        }
        if world.guard_crashes < self.guard_crashes {
            events.push(Event::GuardCrashes(number));
        }
        for (link, place) in guard.links.iter().zip(0..) {
            if link.guard_open && (!link.down.is_empty() || link.authority == End::Closed) {
                events.push(Event::GuardHears(number, place));
            }
            if link.authority != End::Closed && !link.up.is_empty() {
                events.push(Event::AuthorityHears(number, place));
            }
            if let (End::Open(conversation), Some(registry)) = (&link.authority, &world.registry)
                && link.down.len() < MAX_QUEUE
            {
                let next = conversation.clone().next(&mut registry.clone(), at(world.now));
                if next != Ok(None) || link.early.is_some() {
                    events.push(Event::Speak { guard: number, link: place, old_snapshot: false });
                }
                let greets = matches!(next, Ok(Some(Turn::Welcome(opening))) if opening != Opening::Resume);
                if greets && !world.log.is_empty() {
                    events.push(Event::Speak { guard: number, link: place, old_snapshot: true });
                }
            }
            if world.faults < self.faults && !link.down.is_empty() {
                events.push(Event::Vanish(number, place));
                events.push(Event::Repeat(number, place));
            }
        }
    }
}

impl Model for Bounds {
    type State = World;
    type Action = Event;

    fn init_states(&self) -> Vec<World> {
        let mut world = World::new(self);
        if self.settled {
            for number in 0..self.guards {
                let greeting = [Event::Connect(number), Event::AuthorityHears(number, 0)];
                let welcome = Event::Speak { guard: number, link: 0, old_snapshot: false };
                let loading =
                    [Event::GuardHears(number, 0), Event::GuardHears(number, 0), Event::AuthorityHears(number, 0)];
                for event in greeting.into_iter().chain([welcome]).chain(loading) {
                    world = self.next_state(&world, event).unwrap();
                }
                world.guards[number].connections = 0;
            }
        }
        vec![world]
    }

    fn actions(&self, world: &World, events: &mut Vec<Event>) {
        if world.now < START + self.ticks {
            events.push(Event::Tick { slow: None });
            let slow = |(number, guard): (usize, &Guard)| (guard.missed < self.slow_clock).then_some(number);
            events.extend(
                world.guards.iter().enumerate().filter_map(slow).map(|number| Event::Tick { slow: Some(number) }),
            );
        }
        for number in 0..world.guards.len() {
            self.guard_events(world, number, events);
        }
        if world.registry.is_some() {
            // Records differ in nothing but their names, so one order of them is enough.
            let next = world.orders.iter().zip(0..).find(|(order, _)| **order == Order::NotGiven);
            events.extend(next.map(|(_, id)| Event::Revoke(id)));
            if world.authority_crashes < self.authority_crashes {
                events.push(Event::AuthorityCrashes);
            }
        } else {
            events.push(Event::AuthorityStarts);
            if world.backup.as_ref().is_some_and(|backup| *backup != world.disk) {
                events.push(Event::Restore);
            }
        }
    }

    fn next_state(&self, world: &World, event: Event) -> Option<World> {
        let mut world = world.clone();
        match event {
            Event::Tick { slow } => {
                world.now += 1;
                if let Some(number) = slow {
                    world.guards[number].missed += 1;
                }
            }
            Event::Connect(number) => {
                let guard = &mut world.guards[number];
                guard.connections += 1;
                let hello = Message::Frame(guard.follower.connected());
                guard.links.push(Link {
                    up: VecDeque::from([hello]),
                    down: VecDeque::new(),
                    guard_open: true,
                    authority: End::Fresh,
                    early: None,
                });
            }
            Event::Ask(number) => {
                let now = world.now;
                let guard = &mut world.guards[number];
                let effects = guard.follower.tick(guard.clock(now), wall(now));
                guard.carry_out(effects, now, self);
            }
            Event::HangUp(number) => world.guards[number].hang_up(),
            Event::GuardHears(number, link) => world.guard_hears(number, link, self),
            Event::AuthorityHears(number, link) => world.authority_hears(number, link, self),
            Event::Speak { guard, link, old_snapshot } => world.speak(guard, link, old_snapshot, self),
            Event::Vanish(number, link) => {
                world.faults += 1;
                world.guards[number].links[link].down.pop_back();
            }
            Event::Repeat(number, link) => {
                world.faults += 1;
                let down = &mut world.guards[number].links[link].down;
                down.extend(down.back().cloned());
            }
            Event::ApplyLate(number) => {
                let guard = &mut world.guards[number];
                guard.refused.append(&mut guard.pending);
            }
            Event::Revoke(id) => world.revoke(id),
            Event::GuardCrashes(number) => {
                world.guard_crashes += 1;
                world.crash_guard(number, self);
            }
            Event::AuthorityCrashes => {
                world.authority_crashes += 1;
                world.crash_authority();
            }
            Event::AuthorityStarts => {
                let now = at(world.now);
                world.start_authority(now, self);
            }
            Event::Restore => world.restore(),
        }
        world.tidy();
        world.answer();
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("after enforced no guard accepts", |_: &Self, world: &World| {
                world.accepted_after_enforced().is_none()
            }),
            Property::always("enforced is answered in time", |_: &Self, world: &World| !world.waits_too_long()),
            // What follows shows that the model gets anywhere at all.
            Property::sometimes("a guard that trusts its replica enforces", |_: &Self, world: &World| {
                let trusts = |guard: &Guard| guard.clock(world.now) < guard.lease;
                world.orders.contains(&Order::Enforced) && world.guards.iter().all(trusts)
            }),
            Property::sometimes("a guard that was waited for refuses everything", |_: &Self, world: &World| {
                let away = |guard: &Guard| guard.lease != BootTime::default() && guard.refused.is_empty();
                world.orders.first() == Some(&Order::Enforced) && world.guards.iter().any(away)
            }),
        ]
    }
}
