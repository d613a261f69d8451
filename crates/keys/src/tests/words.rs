//! Forty words give the share again in either language; wrong words are named with what should stand there, and never mended in silence.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, missing_docs)]

use proptest::prelude::*;

use super::*;

#[test]
fn both_lists_have_a_word_for_every_byte_and_no_two_begin_alike() {
    for (lang, letters) in [(Lang::Zh, 1), (Lang::En, 4)] {
        let heads: std::collections::BTreeSet<String> = list(lang).iter().map(|w| w.chars().take(letters).collect()).collect();
        assert_eq!((list(lang).len(), heads.len()), (256, 256));
    }
    assert!(list(Lang::Zh).iter().all(|w| !list(Lang::En).contains(w)));
}

proptest! {
    #[test]
    fn a_share_reads_back_from_words_and_from_its_code(share in any::<[u8; 32]>(), id in 1u8..4) {
        let mut whole = [id; SHARE_BYTES];
        whole[1..].copy_from_slice(&share);
        prop_assert_eq!(from_words(&to_words(&whole, Lang::Zh).join(" ")), Ok(whole));
        prop_assert_eq!(from_words(&to_words(&whole, Lang::Zh).concat()), Ok(whole));
        prop_assert_eq!(from_words(&to_words(&whole, Lang::En).join(", ").to_uppercase()), Ok(whole));
        prop_assert_eq!(share_from_text(&share_text(&whole)), Ok(whole));
    }

    #[test]
    fn one_or_two_wrong_words_are_named_with_what_was_meant(share in any::<[u8; 33]>(), at in proptest::sample::subsequence((0..WORDS).collect::<Vec<_>>(), 1..=2), by in 1u8..) {
        let right = to_words(&share, Lang::En);
        let mut words = right.clone();
        for i in &at {
            words[*i] = list(Lang::En)[usize::from(byte(right[*i]).unwrap().wrapping_add(by))];
        }
        let faults = from_words(&words.join(" ")).unwrap_err();
        let named: Vec<(usize, String)> = faults.iter().map(|f| (f.at, f.meant.clone().unwrap().en)).collect();
        let expected: Vec<(usize, String)> = at.iter().map(|i| (i + 1, right[*i].to_owned())).collect();
        prop_assert_eq!(named, expected);
    }

    #[test]
    fn words_that_are_in_no_list_are_named(share in any::<[u8; 33]>(), at in proptest::sample::subsequence((0..WORDS).collect::<Vec<_>>(), 1..=6)) {
        let mut words: Vec<String> = to_words(&share, Lang::Zh).into_iter().map(str::to_owned).collect();
        at.iter().for_each(|i| words[*i] = "xyzzy".to_owned());
        let faults = from_words(&words.join("\n")).unwrap_err();
        prop_assert_eq!(faults.iter().map(|f| f.at).collect::<Vec<_>>(), at.iter().map(|i| i + 1).collect::<Vec<_>>());
    }

    #[test]
    fn many_wrong_words_are_refused(share in any::<[u8; 33]>(), at in proptest::sample::subsequence((0..WORDS).collect::<Vec<_>>(), 3..=20), by in 1u8..) {
        let mut words = to_words(&share, Lang::En);
        at.iter().for_each(|i| words[*i] = list(Lang::En)[usize::from(byte(words[*i]).unwrap().wrapping_add(by))]);
        prop_assert!(from_words(&words.join(" ")).is_err());
    }
}
