//! What a run measured, and how it becomes Markdown.

use super::{Count, Store};

/// What a plain byte search must see of a structure; where it does not, the run is no good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    /// Every value, but for the few that are cut where pages or chunks end.
    Whole,
    /// The same of a log: values that stay go with it too.
    Passing,
    /// Some values: what the structure keeps of all.
    Share,
    /// Nothing before the delete, which itself fills it.
    Later,
    /// Nothing has to be seen: that nothing is left there says nothing.
    Blind,
}

/// What was counted of one structure; several figures where a store was run in several ways.
#[derive(Clone, Debug)]
pub struct Figures {
    pub live: Vec<Count>,
    pub naive: Vec<Count>,
    pub recipe: Vec<Count>,
    /// Values that stay, counted after the recipe.
    pub kept: Vec<Count>,
    pub seconds: f64,
}

/// One structure of a store.
#[derive(Clone, Debug)]
pub struct Row {
    pub structure: String,
    pub live: String,
    pub naive: String,
    pub recipe: String,
    /// What Custody's code can show there: said by its authors, not measured here.
    pub shows: String,
}

impl Row {
    /// From figures that can be right; `how` says what the recipe is there.
    pub fn checked(structure: &str, sight: Sight, figures: &Figures, how: &str, shows: &str) -> Result<Row, String> {
        let fault = |what: &str, counts: &[Count]| Err(format!("{structure}: {what}: {}", joined(counts, Count::in_full)));
        match sight {
            Sight::Whole | Sight::Passing if !figures.live.iter().all(|c| c.is_sight()) => {
                return fault("not seen while it was there", &figures.live);
            }
            Sight::Whole if !figures.kept.iter().all(|c| c.of == 0 || c.is_sight()) => {
                return fault("what stays is not seen any more", &figures.kept);
            }
            Sight::Share if figures.live.iter().any(|c| c.found == 0) => return fault("nothing seen while it was there", &figures.live),
            Sight::Later if figures.naive.iter().any(|c| c.found == 0) => return fault("nothing seen after the delete", &figures.naive),
            _ => {}
        }
        let unseen = match sight {
            Sight::Blind if figures.live.iter().all(|c| c.found == 0) => " (unseen)",
            Sight::Blind => " (hardly seen)",
            _ => "",
        };
        let recipe = joined(&figures.recipe, |c| c.to_string());
        Ok(Row {
            structure: structure.to_owned(),
            live: joined(&figures.live, Count::in_full),
            naive: joined(&figures.naive, |c| c.to_string()) + unseen,
            recipe: format!("{recipe}{unseen}: {how}{:.2} s", figures.seconds),
            shows: shows.to_owned(),
        })
    }

    /// What another way than the recipe leaves, on a line of its own below the structure; where nothing was, nothing can be left.
    pub fn other_way(how: &str, before: Count, left: Count, seconds: f64) -> Result<Row, String> {
        if before.found == 0 {
            return Err(format!("{how}: nothing there before it"));
        }
        Ok(Row {
            structure: format!("… {how}"),
            live: String::new(),
            naive: before.to_string(),
            recipe: format!("{left}: {seconds:.2} s"),
            shows: String::new(),
        })
    }
}

/// One figure where all are the same, else all of them.
fn joined(counts: &[Count], said: impl Fn(Count) -> String) -> String {
    match counts {
        [first, rest @ ..] if rest.iter().all(|c| c == first) => said(*first),
        _ => counts.iter().map(|c| said(*c)).collect::<Vec<_>>().join(" / "),
    }
}

/// Somebody who was looking while the recipe ran.
#[derive(Clone, Debug)]
pub struct Looker {
    pub who: String,
    pub with_them: Count,
    pub after_them: Count,
}

/// All of one store.
pub struct Measured {
    pub store: Store,
    /// As the store says it.
    pub version: String,
    /// What the naive way and the recipe are, as headings of their columns.
    pub naive: String,
    pub rows: Vec<Row>,
    pub lookers: Vec<Looker>,
    /// Sentences under the table.
    pub notes: Vec<String>,
}

impl Measured {
    /// The table of the structures.
    pub fn table(&self, when: &str) -> String {
        let mut out = format!(
            "| structure | live | left after {} | left after the recipe | what the code can show |\n|---|---|---|---|---|\n",
            self.naive
        );
        for row in &self.rows {
            out += &format!("| {} | {} | {} | {} | {} |\n", row.structure, row.live, row.naive, row.recipe, row.shows);
        }
        out += &format!("\n{when}: {}, by `cargo xtask residue`.", self.version);
        for note in &self.notes {
            out += &format!(" {note}");
        }
        out
    }

    /// Rows of the table of those who look on.
    pub fn looker_rows(&self) -> Vec<String> {
        let name = self.store.name();
        let row = |l: &Looker| format!("| {name} | {} | {} | {} |", l.who, l.with_them, l.after_them);
        self.lookers.iter().map(row).collect()
    }
}

impl Store {
    /// As it is written in the tables.
    pub fn name(self) -> &'static str {
        match self {
            Store::Sqlite => "SQLite",
            Store::Postgresql => "PostgreSQL",
            Store::Mariadb => "MariaDB",
        }
    }
}
