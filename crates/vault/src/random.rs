//! Randomness from the operating system.

use terms::Fault;
use zeroize::Zeroizing;

/// `N` random bytes.
///
/// # Errors
/// If the system gives none.
pub fn random<const N: usize>() -> Result<[u8; N], Fault> {
    let mut out = [0u8; N];
    getrandom::fill(&mut out).map_err(|_| Fault::new("no_randomness").retry())?;
    Ok(out)
}

/// A random key, wiped when it goes.
///
/// # Errors
/// If the system gives no randomness.
pub fn random_key() -> Result<Zeroizing<[u8; 32]>, Fault> {
    Ok(Zeroizing::new(random()?))
}
