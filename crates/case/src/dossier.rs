//! The dossier: which members it has, in which order, and the manifest that names them (EVIDENCE §11).
