//! Sources as they are open, with what is listed in them and what the case file says of it.

use case::file::DatasetFile;
use sources::{Dataset, FileFound, Source};
use terms::{Place, SourceSeen, Unread};

/// A data set as listed, with what the case file says of it.
pub(crate) struct Listed {
    pub source: usize,
    pub dataset: Dataset,
    pub said: Option<DatasetFile>,
}

/// Open sources with their listings.
pub(crate) struct Opened {
    pub sources: Vec<(Place, Option<Box<dyn Source>>)>,
    pub listed: Vec<Listed>,
    pub unread: Vec<Unread>,
    pub seen: Vec<SourceSeen>,
    /// Every file of the sources that are folders.
    pub files: Vec<FileFound>,
    /// Ordinals of sources that lie elsewhere than where their data sets were sealed.
    pub elsewhere: Vec<usize>,
}

impl Listed {
    /// Whether it can have rows: a list without header has no columns either once its rows went.
    pub(crate) fn may_have_rows(&self) -> bool {
        self.dataset.is_table || !self.dataset.columns.is_empty()
    }
}

impl Opened {
    /// Whether a data set is still there: listed, or a file that is a list of nothing, and no data set for that.
    pub(crate) fn has(&self, place: &Place) -> bool {
        let is_empty = |f: &FileFound| f.place == *place && f.read_in.is_none() && unread_of(&self.unread, place).is_none();
        self.listed.iter().any(|l| l.dataset.place == *place) || self.files.iter().any(is_empty)
    }
}

/// Why a data set was not read: it itself, the file that it lies in, or its source.
pub(crate) fn unread_of<'a>(unread: &'a [Unread], place: &Place) -> Option<&'a Unread> {
    unread.iter().find(|u| u.place == *place || place.is_within(&u.place))
}
