//! One line for each figure, with its budget.

use std::process::ExitCode;

#[derive(Default)]
pub struct Report {
    missed: u32,
}

impl Report {
    /// A figure that has a budget.
    pub fn figure(&mut self, name: &str, value: f64, budget: f64, unit: &str) {
        let verdict = if value <= budget { "ok" } else { "MISSED" };
        self.missed += u32::from(value > budget);
        println!("{name:<64} {value:>10.3} {unit:<14} budget {budget:>8} {verdict}");
    }

    /// A figure that has none.
    pub fn note(&self, name: &str, value: f64, unit: &str) {
        println!("{name:<64} {value:>10.3} {unit}");
    }

    pub fn verdict(&self) -> ExitCode {
        println!("{} budgets missed", self.missed);
        if self.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
