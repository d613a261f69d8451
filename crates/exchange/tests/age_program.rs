//! Packages are plain age files: the `age` program opens ours, and ours opens its.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use exchange::{Decryptor, Encryptor, Identity};
use zeroize::Zeroizing;

/// Runs `age` with what it is given; Debian's package, which `cargo xtask test` installs.
fn age(args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("age")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("age is missing: cargo xtask test installs it (apt-get install age)");
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let out = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(out.status.success(), "{args:?}");
    out.stdout
}

#[test]
fn each_opens_what_the_other_wrote() {
    let identity = Identity::of_seed(&[42; 32]);
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), identity.text().as_bytes()).unwrap();
    let at = file.path().to_str().unwrap();
    for len in [0usize, 1, 65_535, 65_536, 65_537, 1_000_000] {
        let plain: Vec<u8> = (0..len).map(|i| u8::try_from(i % 253).unwrap()).collect();
        let drawn = Zeroizing::new(std::array::from_fn(|i| u8::try_from(i + 1).unwrap()));
        let mut ours = Encryptor::new(Vec::new(), &identity.recipient(), &drawn).unwrap();
        ours.write_all(&plain).unwrap();
        assert!(age(&["-d", "-i", at], &ours.finish().unwrap()) == plain, "age of ours, {len}");
        let theirs = age(&["-r", &identity.recipient().text()], &plain);
        let mut back = Vec::new();
        Decryptor::new(theirs.as_slice(), &identity).unwrap().read_to_end(&mut back).unwrap();
        assert!(back == plain, "ours of age, {len}");
    }
}
