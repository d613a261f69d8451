//! Looking again: needles from the archive, sight before, absence after (EVIDENCE §10, RESIDUE §3).

mod absence;
mod recall;
mod sight;

pub(crate) use absence::{Absence, absence, unlawful};
pub(crate) use recall::recall;
pub(crate) use sight::{sight, sight_in_forms, too_many};
