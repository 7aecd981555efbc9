//! What the authority's process does, and how it crashes and starts.

use super::*;

impl Simulation {
    pub(super) fn authority_reads(&mut self, link: usize, bytes: &[u8]) {
        let now = BootTime::from_nanos(self.now);
        let Some(authority) = &mut self.authority else {
            return;
        };
        let end = &mut self.links[link];
        if !end.authority_open || end.cut {
            return;
        }
        end.buffer.extend_from_slice(bytes);
        loop {
            let end = &mut self.links[link];
            let frame = match take_frame(&mut end.buffer) {
                Ok(Some(frame)) => frame,
                Ok(None) => break,
                Err(_) => return self.authority_hangs_up(link),
            };
            let heard = match (&mut end.conversation, &frame) {
                (Some(conversation), frame) => conversation.heard(&mut authority.registry, frame, now).is_ok(),
                (none, Frame::Hello { applied, .. }) => {
                    *none = Conversation::open(&mut authority.registry, end.key.clone(), applied).ok();
                    none.is_some()
                }
                (None, _) => false,
            };
            if !heard {
                return self.authority_hangs_up(link);
            }
        }
        self.after(0, 2 * MS, Event::AuthoritySpeaks(link));
    }

    pub(super) fn authority_speaks(&mut self, link: usize) {
        let now = BootTime::from_nanos(self.now);
        loop {
            let (Some(authority), true) = (&mut self.authority, self.links[link].authority_open) else {
                return;
            };
            let Some(conversation) = &mut self.links[link].conversation else {
                return;
            };
            match conversation.next(&mut authority.registry, now) {
                Err(_) => return self.authority_hangs_up(link),
                Ok(None) => return,
                Ok(Some(Turn::Snapshot)) => {
                    let position = authority.registry.head();
                    conversation.snapshot_sent(position);
                    let mut records = authority.replica.records();
                    let horizon = authority.replica.horizon();
                    records.sort_by_cached_key(bytes_of);
                    let mut hash = SnapshotHash::default();
                    records.iter().for_each(|record| hash.add(record).unwrap());
                    let (count, sha256) = hash.finish();
                    let signature = self.signed.len().to_string();
                    self.signed.push(SnapshotClaims { positions: position.into(), horizon, count, sha256 });
                    self.send_down(link, &Frame::SnapshotPart { records });
                    self.send_down(link, &Frame::SnapshotEnd { signature });
                }
                Ok(Some(Turn::Welcome(opening))) => {
                    let (heartbeat, lease) = (TIMING.heartbeat, TIMING.lease);
                    self.send_down(link, &Frame::Welcome { heartbeat, lease, opening });
                }
                Ok(Some(Turn::Delta { first, count })) => {
                    let start = usize::try_from(first.seq - 1).unwrap();
                    let records = &authority.log[start..start + usize::try_from(count).unwrap()];
                    let records = records.iter().map(|id| Arc::new(revocation(*id))).collect();
                    self.send_down(link, &Frame::Delta { first, records });
                }
                Ok(Some(Turn::Heartbeat { nonce, head })) => {
                    self.send_down(link, &Frame::Heartbeat { nonce, head: head.into() });
                }
            }
        }
    }

    pub(super) fn authority_hangs_up(&mut self, link: usize) {
        let end = &mut self.links[link];
        if !std::mem::take(&mut end.authority_open) {
            return;
        }
        if let (Some(conversation), Some(authority)) = (end.conversation.take(), &mut self.authority) {
            conversation.closed(&mut authority.registry, BootTime::from_nanos(self.now));
        }
        if !end.cut {
            let when = end.down.max(self.now) + self.dice.below(10 * MS);
            self.at(when, Event::GuardSeesEnd(link));
        }
    }

    pub(super) fn authority_starts(&mut self, restore: bool) {
        if self.authority.is_some() {
            return;
        }
        if let (true, Some(backup)) = (restore, self.backup.clone()) {
            self.disk = backup;
            for (order, id) in self.orders.iter_mut().zip(0..) {
                if !self.disk.records.contains(&id) {
                    *order = Order::Lost;
                }
            }
        }
        self.starts += 1;
        let term = self.disk.logs.last().map_or(1, |log| log.term + 1);
        let log = Position { writer: Writer([self.starts; 8]), term, seq: 0 };
        let history = History::new(log, self.disk.logs.clone());
        self.disk.logs.push(log);
        let replica = Replica::new(ISSUER);
        self.disk.records.iter().for_each(|id| replica.apply(&revocation(*id)));
        let registry = Registry::new(history, TIMING, BootTime::from_nanos(self.now));
        self.authority = Some(Authority { registry, replica, log: Vec::new(), stopped_until: 0 });
        for (order, id) in self.orders.iter_mut().zip(0..) {
            if *order == Order::Unanswered {
                *order = if self.disk.records.contains(&id) { Order::Waiting(log) } else { Order::Lost };
            }
        }
    }

    pub(super) fn authority_crashes(&mut self) {
        self.authority = None;
        for order in &mut self.orders {
            if matches!(order, Order::Waiting(_)) {
                *order = Order::Unanswered;
            }
        }
        for link in 0..self.links.len() {
            self.links[link].conversation = None;
            self.authority_hangs_up(link);
        }
        let restore = self.dice.once_in(2);
        self.after(0, 3 * SECOND, Event::AuthorityStarts { restore });
    }

    pub(super) fn revoke(&mut self) {
        let Some(authority) = &mut self.authority else {
            return self.after(100 * MS, SECOND, Event::Revoke);
        };
        // A few at a time, as a group commit makes them durable.
        for _ in 0..=self.dice.below(4) {
            let id = u32::try_from(self.orders.len()).unwrap();
            authority.log.push(id);
            authority.replica.apply(&revocation(id));
            self.disk.records.push(id);
            let kept = KEPT.min(authority.log.len() as u64);
            authority.registry.appended(1, kept, BootTime::from_nanos(self.now));
            *self.disk.logs.last_mut().unwrap() = authority.registry.head();
            self.orders.push(Order::Waiting(authority.registry.head()));
        }
        for link in 0..self.links.len() {
            if self.links[link].authority_open {
                self.after(0, 3 * MS, Event::AuthoritySpeaks(link));
            }
        }
    }

    /// What has lapsed is dropped by the authority's clock, which is right here.
    pub(super) fn house_keeping(&mut self) {
        if let Some(authority) = &self.authority {
            let wall = UnixTime::from_secs(WALL + self.now / SECOND);
            authority.replica.forget(wall.minus(LAPSE_GRACE_SECONDS));
        }
    }
}
