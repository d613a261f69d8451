//! How a page reaches the module: bytes are handed over in its memory; randomness comes from the page.

#![allow(unsafe_code)] // the only file of the workspace that may: raw pointers are how a page and a module talk

use std::cell::RefCell;

use crate::desk::Desk;

thread_local! {
    static DESK: RefCell<Desk> = RefCell::new(Desk::default());
}

#[link(wasm_import_module = "custody")]
unsafe extern "C" {
    fn random(at: *mut u8, len: usize);
}

/// Room for `len` bytes.
#[unsafe(no_mangle)]
pub extern "C" fn custody_alloc(len: usize) -> *mut u8 {
    Box::leak(vec![0u8; len].into_boxed_slice()).as_mut_ptr()
}

/// Gives room of `len` bytes back.
///
/// # Safety
/// `at` came from [`custody_alloc`] or [`custody_call`] with that length, and was not given back before.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn custody_free(at: *mut u8, len: usize) {
    // SAFETY: the caller says that this room was made here with that length.
    drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(at, len)) });
}

/// A call; gives a pointer to a little-endian length of four bytes and the answer, to be given back with [`custody_free`].
///
/// # Safety
/// Each pair of pointer and length is room that the caller owns and does not change meanwhile.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn custody_call(
    name: *const u8,
    name_len: usize,
    args: *const u8,
    args_len: usize,
    data: *const u8,
    data_len: usize,
) -> *mut u8 {
    // SAFETY: as the caller says.
    let (name, args, data) = unsafe { (slice(name, name_len), slice(args, args_len), slice(data, data_len)) };
    let name = std::str::from_utf8(name).unwrap_or_default();
    let mut draw = |out: &mut [u8]| {
        // SAFETY: the page writes exactly `len` bytes at `at`.
        unsafe { random(out.as_mut_ptr(), out.len()) }
    };
    let answer = DESK.with_borrow_mut(|desk| desk.call(name, args, data, &mut draw));
    let len = u32::try_from(answer.len()).unwrap_or_default();
    let whole: Vec<u8> = len.to_le_bytes().into_iter().chain(answer).collect();
    Box::leak(whole.into_boxed_slice()).as_mut_ptr()
}

/// # Safety
/// As [`custody_call`].
unsafe fn slice<'a>(at: *const u8, len: usize) -> &'a [u8] {
    if len == 0 {
        return &[];
    }
    // SAFETY: as the caller says.
    unsafe { std::slice::from_raw_parts(at, len) }
}

/// Where libraries draw from, too (`getrandom_backend="custom"`).
#[unsafe(no_mangle)]
unsafe extern "Rust" fn __getrandom_v03_custom(at: *mut u8, len: usize) -> Result<(), getrandom::Error> {
    // SAFETY: the caller gives room of that length, and the page fills it.
    unsafe { random(at, len) };
    Ok(())
}
