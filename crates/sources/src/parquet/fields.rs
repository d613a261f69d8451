//! The top-level fields of a file as columns: flat ones with their values, nested ones as JSON put together from their levels.

use std::ops::Range;

use formats::Reason;
use parquet::basic::{ConvertedType, LogicalType, Repetition};
use parquet::schema::types::{ColumnDescPtr, Type};
use rows::Tag;

use super::column::Leaf;
use super::form::{Form, json};
use super::open::Opened;
use super::values::Scalar;
use crate::blank::Blank;
use crate::dataset::Column;

/// Most bytes of one nested value.
const NESTED_MAX: usize = 256 << 20;

/// A field of the schema, and its columns.
pub(super) struct Field {
    pub name: String,
    repetition: Repetition,
    /// Definition level from which on it is there, and the repetition level of its elements.
    def: i16,
    rep: i16,
    pub leaves: Range<usize>,
    node: Node,
}

enum Node {
    Leaf(Form),
    /// An object of these.
    Group(Vec<Field>),
    /// A group that is nothing but a frame: the array is its inner field, the element its inner value.
    Frame(Box<Field>),
}

/// What is written over a field.
pub(super) enum Written {
    /// Nothing: one level in each of its columns.
    Nothing,
    Value(Scalar<'static>),
}

/// The fields of a file.
///
/// # Errors
/// If two have the same name, or one has no columns.
pub(super) fn fields(opened: &Opened) -> Result<Vec<Field>, Reason> {
    let root = opened.meta.file_metadata().schema_descr().root_schema();
    let mut next = 0;
    let mut out: Vec<Field> = Vec::new();
    for t in root.get_fields() {
        let field = Field::of(t, (0, 0), false, &mut next, opened.columns())?;
        if out.iter().any(|known| known.name == field.name) {
            return Err(Reason::DuplicateKey);
        }
        out.push(field);
    }
    Ok(out)
}

impl Field {
    fn of(t: &Type, above: (i16, i16), in_list: bool, next: &mut usize, leaves: &[ColumnDescPtr]) -> Result<Field, Reason> {
        let info = t.get_basic_info();
        let repetition = if info.has_repetition() { info.repetition() } else { Repetition::REQUIRED };
        let (def, rep) = match repetition {
            Repetition::REQUIRED => above,
            Repetition::OPTIONAL => (above.0 + 1, above.1),
            Repetition::REPEATED => (above.0 + 1, above.1 + 1),
        };
        let from = *next;
        let node = if t.is_primitive() {
            *next += 1;
            Node::Leaf(Form::of(leaves.get(from).ok_or(Reason::Damaged)?))
        } else {
            let is_list = info.converted_type() == ConvertedType::LIST || info.logical_type_ref() == Some(&LogicalType::List);
            let is_map = matches!(info.converted_type(), ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE);
            let mut inner = Vec::new();
            for own in t.get_fields() {
                inner.push(Field::of(own, (def, rep), is_list, next, leaves)?);
            }
            let repeats = inner.first().is_some_and(|f| f.repetition == Repetition::REPEATED);
            let frame = ((is_list || is_map) && repeats) || (in_list && repetition == Repetition::REPEATED);
            match inner.pop() {
                Some(only) if inner.is_empty() && frame => Node::Frame(Box::new(only)),
                Some(last) => {
                    inner.push(last);
                    Node::Group(inner)
                }
                None => return Err(Reason::Damaged),
            }
        };
        Ok(Field { name: t.name().to_owned(), repetition, def, rep, leaves: from..*next, node })
    }

    /// How its values read, if each row has one at most.
    fn flat(&self) -> Option<&Form> {
        match &self.node {
            Node::Leaf(form) if self.repetition != Repetition::REPEATED => Some(form),
            _ => None,
        }
    }

    pub(super) fn column(&self) -> Column {
        Column {
            name: self.name.clone(),
            declared: self.flat().map_or("TEXT", Form::word).to_owned(),
            not_null: self.repetition != Repetition::OPTIONAL,
            ..Column::default()
        }
    }

    /// What erasing leaves in it; none if there is nothing that says nothing.
    pub(super) fn blank(&self) -> Option<Blank> {
        match (self.repetition, self.flat()) {
            (Repetition::OPTIONAL, _) => Some(Blank::Null),
            (Repetition::REPEATED, _) => Some(Blank::text("[]")),
            (Repetition::REQUIRED, Some(form)) => {
                let (tag, bytes) = form.cell(&form.nothing());
                Some(Blank::Value(tag, bytes))
            }
            (Repetition::REQUIRED, None) => None,
        }
    }

    /// What is written for a value that reads so; none if it has no such value.
    pub(super) fn written(&self, tag: Tag, bytes: &[u8]) -> Option<Written> {
        match (self.repetition, self.flat()) {
            (Repetition::OPTIONAL, _) if tag == Tag::Null => Some(Written::Nothing),
            (Repetition::REPEATED, _) if tag == Tag::Text && bytes == b"[]" => Some(Written::Nothing),
            (_, Some(form)) => form.value(tag, bytes).map(Written::Value),
            _ => None,
        }
    }

    /// The field of the next record.
    pub(super) fn cell(&self, leaves: &mut [Leaf]) -> Result<(Tag, Vec<u8>), Reason> {
        if let Some(form) = self.flat() {
            let leaf = leaves.get_mut(self.leaves.start).ok_or(Reason::Damaged)?;
            return Ok(leaf.take()?.map_or((Tag::Null, Vec::new()), |value| form.cell(&value)));
        }
        let mut text = String::new();
        let is = self.write(leaves, &mut text)?;
        // All its columns have come to the next record.
        let own = leaves.get(self.leaves.clone()).ok_or(Reason::Damaged)?;
        if own.iter().any(|leaf| leaf.rep().is_some_and(|rep| rep > 0)) {
            return Err(Reason::Damaged);
        }
        Ok(if is { (Tag::Text, text.into_bytes()) } else { (Tag::Null, Vec::new()) })
    }

    /// Its JSON; whether it is not null.
    fn write(&self, leaves: &mut [Leaf], out: &mut String) -> Result<bool, Reason> {
        if out.len() > NESTED_MAX {
            return Err(Reason::TooLarge);
        }
        let is = leaves.get(self.leaves.start).and_then(Leaf::def).ok_or(Reason::Damaged)? >= self.def;
        match self.repetition {
            Repetition::OPTIONAL if !is => {
                self.pass(leaves)?;
                out.push_str("null");
                return Ok(false);
            }
            Repetition::REPEATED if !is => {
                self.pass(leaves)?;
                out.push_str("[]");
            }
            Repetition::REPEATED => {
                out.push('[');
                self.body(leaves, out)?;
                while leaves.get(self.leaves.start).and_then(Leaf::rep) == Some(self.rep) {
                    out.push(',');
                    self.body(leaves, out)?;
                }
                out.push(']');
            }
            Repetition::OPTIONAL | Repetition::REQUIRED => self.body(leaves, out)?,
        }
        Ok(true)
    }

    /// Steps over what is not there: one level in each column.
    fn pass(&self, leaves: &mut [Leaf]) -> Result<(), Reason> {
        for leaf in leaves.get_mut(self.leaves.clone()).ok_or(Reason::Damaged)? {
            if leaf.def().is_none_or(|def| def >= self.def) {
                return Err(Reason::Damaged);
            }
            leaf.take()?;
        }
        Ok(())
    }

    fn body(&self, leaves: &mut [Leaf], out: &mut String) -> Result<(), Reason> {
        match &self.node {
            Node::Leaf(form) => {
                let leaf = leaves.get_mut(self.leaves.start).ok_or(Reason::Damaged)?;
                json(form, &leaf.take()?.ok_or(Reason::Damaged)?, out);
            }
            Node::Frame(inner) => {
                inner.write(leaves, out)?;
            }
            Node::Group(fields) => {
                for (i, field) in fields.iter().enumerate() {
                    out.push(if i == 0 { '{' } else { ',' });
                    out.push_str(&serde_json::to_string(&field.name).unwrap_or_default());
                    out.push(':');
                    field.write(leaves, out)?;
                }
                out.push('}');
            }
        }
        Ok(())
    }
}
