//! `custody places`: the real names behind place ids.

use serde_json::json;
use terms::{Fault, Place};

use super::Session;
use crate::say;

pub fn run(session: &Session<'_>, asked: &[String]) -> Result<u8, Fault> {
    let unknown = |place: &String| Fault::new("place_unknown").with("place", place);
    // An index (`src1/t4#1`) is of its table.
    let own = |p: &String| p.split('#').next().unwrap_or_default().to_owned();
    let asked = asked.iter().map(|p| Place::new(own(p)).ok_or_else(|| unknown(p))).collect::<Result<Vec<_>, _>>()?;
    let places = session.begun()?.places()?;
    let mut found: Vec<(&Place, &str)> = places.names().collect();
    found.retain(|(place, _)| asked.is_empty() || asked.iter().any(|a| a == *place || place.is_within(a)));
    found.sort();
    if let Some(nowhere) = asked.iter().find(|a| !found.iter().any(|(place, _)| place == a || place.is_within(a))) {
        return Err(unknown(&nowhere.to_string()));
    }
    if session.args.json {
        say::print_json(&json!({"places": found.iter().map(|(place, name)| json!({"name": name, "place": place})).collect::<Vec<_>>()}));
        return Ok(0);
    }
    let rows = found.iter().map(|(place, name)| vec![place.to_string(), (*name).to_owned()]).collect();
    say::table(&[session.pick("位置", "place"), session.pick("真实名称", "real name")], rows);
    Ok(0)
}
