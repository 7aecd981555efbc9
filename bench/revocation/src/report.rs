//! A row for each figure, with its budget.

use std::process::ExitCode;

#[derive(Default)]
pub struct Report {
    missed: u32,
}

impl Report {
    pub fn begin(&self) {
        println!("| figure | measured | budget | |\n|---|---:|---:|---|");
    }

    /// A figure that may be so high.
    pub fn at_most(&mut self, name: &str, value: f64, budget: f64, unit: &str) {
        self.row(name, value, unit, &format!("<= {budget}"), value <= budget);
    }

    /// A figure that must be so high.
    pub fn at_least(&mut self, name: &str, value: f64, budget: f64, unit: &str) {
        self.row(name, value, unit, &format!(">= {budget}"), value >= budget);
    }

    /// A figure that has no budget.
    pub fn note(&mut self, name: &str, value: f64, unit: &str) {
        self.row(name, value, unit, "", true);
    }

    fn row(&mut self, name: &str, value: f64, unit: &str, budget: &str, is_met: bool) {
        self.missed += u32::from(!is_met);
        let digits = if value >= 1_000.0 { 0 } else { 3 };
        println!("| {name} | {value:.digits$} {unit} | {budget} | {} |", if is_met { "" } else { "missed" });
    }

    pub fn verdict(&self) -> ExitCode {
        println!("{} budgets missed", self.missed);
        if self.missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
