//! Figures, beside their targets and floors, as a table, as JSON and as Markdown.

use std::collections::BTreeMap;

use comfy_table::{Table, presets};
use serde::Serialize;
use serde_json::Value;

use crate::{machine::Machine, usage::Usage};

/// What a figure should be.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Target {
    /// No more than this.
    AtMost(f64),
    /// No less than this.
    AtLeast(f64),
}

impl Target {
    fn met(self, value: f64) -> bool {
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
        }
    }

    fn words(self) -> String {
        match self {
            Self::AtMost(most) => format!("≤ {}", number(most)),
            Self::AtLeast(least) => format!("≥ {}", number(least)),
        }
    }
}

/// One thing that was measured.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Figure {
    /// The scenario.
    pub(crate) scenario: String,
    /// What was measured.
    pub(crate) name: String,
    /// How much.
    pub(crate) value: f64,
    /// Of what.
    pub(crate) unit: &'static str,
    /// What it should be.
    pub(crate) target: Option<Target>,
    /// Whether it is; absent without a target.
    pub(crate) met: Option<bool>,
    /// What the machine or the provider allows, with its name, in the same unit.
    pub(crate) floor: Option<(f64, String)>,
    #[serde(skip)]
    judged: bool,
}

/// Everything that one run measured.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    /// The machine.
    pub(crate) machine: Machine,
    /// The configuration, by name.
    pub(crate) configuration: BTreeMap<String, String>,
    /// The figures, in the order of their measurement.
    pub(crate) figures: Vec<Figure>,
    /// What explains them, by scenario: calls by method, terms of formulas, processes.
    pub(crate) details: BTreeMap<String, Value>,
    /// Whether sizes are those that targets are meant for.
    pub(crate) judged: bool,
    #[serde(skip)]
    scenario: String,
}

impl Report {
    /// Nothing measured yet.
    pub(crate) fn new(machine: Machine, judged: bool) -> Self {
        Self {
            machine,
            configuration: BTreeMap::new(),
            figures: Vec::new(),
            details: BTreeMap::new(),
            judged,
            scenario: String::new(),
        }
    }

    /// What follows belongs to this scenario.
    pub(crate) fn begin(&mut self, scenario: &str) {
        scenario.clone_into(&mut self.scenario);
        say(&format!("\n== {scenario}"));
    }

    /// Adds a figure.
    pub(crate) fn add(&mut self, name: &str, value: f64, unit: &'static str) -> &mut Figure {
        say(&format!("   {name}: {} {unit}", number(value)));
        self.figures.push(Figure {
            scenario: self.scenario.clone(),
            name: name.to_owned(),
            value,
            unit,
            target: None,
            met: None,
            floor: None,
            judged: self.judged,
        });
        let last = self.figures.len() - 1;
        &mut self.figures[last]
    }

    /// Adds what explains the scenario's figures.
    pub(crate) fn explain(&mut self, name: &str, what: impl Serialize) {
        let what = serde_json::to_value(what).unwrap_or_default();
        let details = self.details.entry(self.scenario.clone()).or_default();
        if details.is_null() {
            *details = Value::Object(serde_json::Map::new());
        }
        details[name] = what;
    }

    /// Adds a table of what each process used.
    pub(crate) fn processes(&mut self, usage: &BTreeMap<&'static str, Usage>, seconds: f64) {
        let mut table = table(&["process", "CPU s", "cores", "MiB", "peak MiB"]);
        for (name, usage) in usage {
            table.add_row([
                (*name).to_owned(),
                number(usage.cpu_seconds),
                number(usage.cpu_seconds / seconds.max(0.001)),
                number(usage.resident_mebibytes),
                number(usage.peak_mebibytes),
            ]);
        }
        say(&table.to_string());
        self.explain("processes", usage);
    }

    /// The configuration and the machine, for people.
    pub(crate) fn heading(&self) -> String {
        let machine = &self.machine;
        let mut text = format!(
            "{}, {} build, {} cores ({}), {} GiB, data on {}\n",
            machine.date,
            machine.build,
            machine.cores,
            machine.processor,
            number(machine.memory_gibibytes),
            machine.file_system
        );
        let configuration = self.configuration.iter();
        text.extend(configuration.map(|(name, value)| format!("  {name}: {value}\n")));
        text
    }

    /// Every figure as a table for people.
    pub(crate) fn table(&self) -> String {
        let mut table = table(&COLUMNS);
        for figure in &self.figures {
            table.add_row(cells(figure));
        }
        table.to_string()
    }

    /// Every figure as a Markdown table.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("{}\n| {} |\n|", self.heading(), COLUMNS.join(" | "));
        text.push_str(&"---|".repeat(COLUMNS.len()));
        text.push('\n');
        let rows = self.figures.iter().map(cells);
        text.extend(rows.map(|cells| format!("| {} |\n", cells.join(" | "))));
        text
    }
}

impl Figure {
    /// What it should be; of small sizes nothing is asked.
    pub(crate) fn target(&mut self, target: Target) -> &mut Self {
        if !self.judged {
            return self;
        }
        self.target = Some(target);
        self.met = Some(target.met(self.value));
        self
    }

    /// What is allowed.
    pub(crate) fn floor(&mut self, value: f64, what: &str) -> &mut Self {
        self.floor = Some((value, what.to_owned()));
        self
    }
}

const COLUMNS: [&str; 7] = [
    "scenario", "figure", "value", "unit", "target", "met", "floor",
];

fn cells(figure: &Figure) -> Vec<String> {
    let met = match figure.met {
        Some(true) => "yes",
        Some(false) => "no",
        None => "",
    };
    vec![
        figure.scenario.clone(),
        figure.name.clone(),
        number(figure.value),
        figure.unit.to_owned(),
        figure.target.map(Target::words).unwrap_or_default(),
        met.to_owned(),
        figure
            .floor
            .as_ref()
            .map(|(value, what)| format!("{} ({what})", number(*value)))
            .unwrap_or_default(),
    ]
}

/// A number with three figures that count.
pub(crate) fn number(value: f64) -> String {
    match value.abs() {
        value_of if value_of >= 100.0 || value_of == 0.0 => format!("{value:.0}"),
        value_of if value_of >= 10.0 => format!("{value:.1}"),
        value_of if value_of >= 1.0 => format!("{value:.2}"),
        _ => format!("{value:.3}"),
    }
}

/// An empty table with these columns.
pub(crate) fn table(columns: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    table.set_header(columns.iter().copied());
    table
}

/// Tells people.
#[allow(clippy::print_stdout, reason = "the benchmark's output")]
pub(crate) fn say(text: &str) {
    println!("{text}");
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn a_target_is_met_or_it_is_not() {
        let mut report = Report::new(Machine::look(Path::new("/")), true);
        report.begin("first sync");
        report
            .add("seconds", 16.0, "s")
            .target(Target::AtMost(15.0));
        report
            .add("records", 900.0, "1/s")
            .target(Target::AtLeast(300.0))
            .floor(1000.0, "raw");
        let met: Vec<_> = report.figures.iter().map(|figure| figure.met).collect();
        assert_eq!(met, [Some(false), Some(true)]);
        assert!(
            report
                .markdown()
                .contains("| first sync | seconds | 16.0 | s | ≤ 15.0 | no |  |")
        );
    }

    #[test]
    fn numbers_keep_three_figures() {
        let numbers = [0.0, 0.01234, 1.234, 12.34, 1234.5].map(number);
        assert_eq!(numbers, ["0", "0.012", "1.23", "12.3", "1234"]);
    }
}
