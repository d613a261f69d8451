//! What is encrypted opens again at every length around a chunk, for its recipient alone; whatever is cut or changed is refused.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use super::*;

fn sealed(plain: &[u8], to: &Identity) -> Vec<u8> {
    let drawn = Zeroizing::new(std::array::from_fn(|i| u8::try_from(i).unwrap_or(7)));
    let mut out = Encryptor::new(Vec::new(), &to.recipient(), &drawn).unwrap();
    out.write_all(plain).unwrap();
    out.finish().unwrap()
}

fn opened(file: &[u8], by: &Identity) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    Decryptor::new(file, by)?.read_to_end(&mut out)?;
    Ok(out)
}

#[test]
fn opens_again_at_every_length_around_a_chunk() {
    let identity = Identity::of_seed(&[7; 32]);
    for len in [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 5] {
        let plain: Vec<u8> = (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect();
        assert_eq!(opened(&sealed(&plain, &identity), &identity).unwrap(), plain, "{len}");
    }
}

#[test]
fn cut_changed_or_meant_for_another_it_is_refused() {
    let (identity, other) = (Identity::of_seed(&[7; 32]), Identity::of_seed(&[8; 32]));
    let file = sealed(&[5; CHUNK + 100], &identity);
    assert_eq!(opened(&file, &other).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    for cut in [0, 10, 60, file.len() - 101 - TAG, file.len() - 1] {
        assert!(opened(&file[..cut], &identity).is_err(), "cut at {cut}");
    }
    for at in (0..file.len()).step_by(97).chain([0, 21, 22, 40, file.len() - 1]) {
        let mut changed = file.clone();
        changed[at] ^= 1;
        assert!(opened(&changed, &identity).is_err(), "changed at {at}");
    }
}

#[test]
fn texts_of_keys_read_back() {
    let identity = Identity::of_seed(&[7; 32]);
    let text = identity.recipient().text();
    assert!(text.starts_with("age1") && identity.text().starts_with("AGE-SECRET-KEY-1"));
    assert_eq!(Recipient::parse(&text), Some(identity.recipient()));
    assert_eq!(Recipient::parse(&text.to_uppercase()), None);
    assert_eq!(Recipient::parse(&text.replace('a', "b")), None);
}
