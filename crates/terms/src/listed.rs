//! Maps by fact name as lists of pairs: canonical JSON has no dots in its keys.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pair<V> {
    fact: String,
    value: V,
}

/// Writes the map as `[{fact, value}, …]`, sorted.
///
/// # Errors
/// As the serializer.
pub fn serialize<S: Serializer, V: Serialize>(map: &BTreeMap<String, V>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(map.iter().map(|(fact, value)| Pair { fact: fact.clone(), value }))
}

/// Reads such a list.
///
/// # Errors
/// As the deserializer.
pub fn deserialize<'de, D: Deserializer<'de>, V: Deserialize<'de>>(deserializer: D) -> Result<BTreeMap<String, V>, D::Error> {
    let pairs = Vec::<Pair<V>>::deserialize(deserializer)?;
    Ok(pairs.into_iter().map(|p| (p.fact, p.value)).collect())
}
