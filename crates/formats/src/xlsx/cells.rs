//! Cell references: `B5`, `$B$5`, `B5:C9`.

/// A rectangle of cells, from 0, both ends in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Area {
    pub rows: (u32, u32),
    pub columns: (u32, u32),
}

/// Column and row of `B5`, from 0.
pub(super) fn cell(reference: &str) -> Option<(u32, u32)> {
    let plain: String = reference.chars().filter(|c| *c != '$').collect();
    let digits = plain.find(|c: char| c.is_ascii_digit())?;
    let (letters, number) = plain.split_at(digits);
    let column = letters.bytes().try_fold(0u32, |n, b| {
        let digit = b.to_ascii_uppercase().checked_sub(b'A').filter(|d| *d < 26)?;
        n.checked_mul(26)?.checked_add(u32::from(digit) + 1)
    })?;
    Some((column.checked_sub(1)?, number.parse::<u32>().ok()?.checked_sub(1)?))
}

/// The area of `B5` or `B5:C9`.
pub(super) fn area(reference: &str) -> Option<Area> {
    let (from, to) = reference.split_once(':').unwrap_or((reference, reference));
    let ((c1, r1), (c2, r2)) = (cell(from)?, cell(to)?);
    Some(Area { rows: (r1.min(r2), r1.max(r2)), columns: (c1.min(c2), c1.max(c2)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_read() {
        assert_eq!(cell("A1"), Some((0, 0)));
        assert_eq!(cell("$AB$12"), Some((27, 11)));
        assert_eq!(cell("A0"), None);
        assert_eq!(cell("ZZZZZZZZ1"), None);
        assert_eq!(area("C9:B5"), Some(Area { rows: (4, 8), columns: (1, 2) }));
    }
}
