//! Where keys live: in the database, for all instances, or in a file that only the server may read.

use std::fs;
use std::io::{ErrorKind, Write as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use mandate_core::id::{KeyId, OrganizationId};
use mandate_core::time::Timestamp;
use mandate_core::vocabulary::Vocabulary as _;
use mandate_storage::{Fence, Key, KeyPurpose, StorageError, Store, WriteTx};
use serde::{Deserialize, Serialize};
use tempfile::NamedTempFile;

use super::KeyError;
use crate::settings::KeyPlace;

/// Where keys live.
#[derive(Debug, Clone)]
pub enum KeyHome {
    /// The database.
    Database(Store),
    /// A JSON file with mode 0600.
    File(PathBuf),
}

impl KeyHome {
    /// The home that is set.
    pub fn at(place: &KeyPlace, store: &Store) -> Self {
        match place {
            KeyPlace::Database => Self::Database(store.clone()),
            KeyPlace::File(path) => Self::File(path.clone()),
        }
    }

    pub(super) fn load(&self) -> Result<Vec<Key>, KeyError> {
        match self {
            Self::Database(store) => Ok(store.read(|tx| tx.keys())?),
            Self::File(path) => load_file(path),
        }
    }

    /// Changes the keys as the present ones demand, all at once.
    pub(super) fn edit(&self, decide: impl Fn(&[Key]) -> Edit) -> Result<(), KeyError> {
        match self {
            Self::Database(store) => Ok(store.write::<_, StorageError>(|unlocked| {
                let mut tx = unlocked.lock(&Fence::new().changes(NOBODY))?;
                let edit = decide(&tx.keys()?);
                apply(&mut tx, &edit)
            })?),
            Self::File(path) => {
                let known = load_file(path)?;
                let edit = decide(&known);
                if edit == Edit::default() {
                    return Ok(());
                }
                save_file(path, &edit.of(&known), known.is_empty())
            }
        }
    }
}

/// The organization of nobody: its fence is that of the keys, so that two instances do not make the first ones both.
const NOBODY: OrganizationId = OrganizationId::from_u128(0);

/// What is to be changed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) added: Vec<Key>,
    /// These make nothing any more from then on.
    pub(super) retired: Vec<(KeyId, Timestamp)>,
    pub(super) removed: Vec<KeyId>,
}

impl Edit {
    fn of(&self, known: &[Key]) -> Vec<Key> {
        let mut keys = known.to_vec();
        keys.retain(|key| !self.removed.contains(&key.id));
        for key in &mut keys {
            let retired = self.retired.iter().find(|(id, _)| *id == key.id);
            key.retired_at = retired.map_or(key.retired_at, |(_, at)| Some(*at));
        }
        keys.extend_from_slice(&self.added);
        keys
    }
}

fn apply(tx: &mut WriteTx<'_>, edit: &Edit) -> Result<(), StorageError> {
    for (id, at) in &edit.retired {
        tx.retire_key(*id, *at)?;
    }
    for id in &edit.removed {
        tx.delete_key(*id)?;
    }
    edit.added.iter().try_for_each(|key| tx.insert_key(key))
}

/// A key as the file has it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct FileKey {
    id: String,
    purpose: String,
    secret: String,
    created_at: String,
    retired_at: Option<String>,
}

impl FileKey {
    fn new(key: &Key) -> Self {
        Self {
            id: key.id.to_string(),
            purpose: key.purpose.name().to_owned(),
            secret: STANDARD.encode(&key.secret),
            created_at: key.created_at.to_string(),
            retired_at: key.retired_at.map(|at| at.to_string()),
        }
    }

    fn read(&self) -> Option<Key> {
        let retired_at = match &self.retired_at {
            Some(text) => Some(Timestamp::parse(text)?),
            None => None,
        };
        Some(Key {
            id: KeyId::parse(&self.id).ok()?,
            purpose: KeyPurpose::from_name(&self.purpose)?,
            secret: STANDARD.decode(&self.secret).ok()?,
            created_at: Timestamp::parse(&self.created_at)?,
            retired_at,
        })
    }
}

fn flaw(path: &Path, reason: impl ToString) -> KeyError {
    KeyError::File { path: path.display().to_string(), reason: reason.to_string() }
}

fn load_file(path: &Path) -> Result<Vec<Key>, KeyError> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(flaw(path, error)),
    };
    check_mode(path)?;
    let keys: Vec<FileKey> = serde_json::from_str(&text).map_err(|_| flaw(path, "is not a list of keys in JSON"))?;
    keys.iter()
        .map(|key| key.read().ok_or_else(|| flaw(path, format!("the key `{}` cannot be read", key.id))))
        .collect()
}

#[cfg(unix)]
fn check_mode(path: &Path) -> Result<(), KeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).map_err(|error| flaw(path, error))?.permissions().mode();
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(flaw(path, "others may read it; run `chmod 600` on it")),
    }
}

#[cfg(not(unix))]
fn check_mode(_: &Path) -> Result<(), KeyError> {
    Ok(())
}

/// Writes a file beside the old one, which takes its place when it is on disk. A temporary file has mode 0600 from the start.
fn save_file(path: &Path, keys: &[Key], only_if_new: bool) -> Result<(), KeyError> {
    let fail = |error: std::io::Error| flaw(path, error);
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(fail)?;
    let keys: Vec<FileKey> = keys.iter().map(FileKey::new).collect();
    let text = serde_json::to_vec_pretty(&keys).map_err(|error| flaw(path, error))?;
    let mut file = NamedTempFile::new_in(directory).map_err(fail)?;
    file.write_all(&text).and_then(|()| file.as_file().sync_all()).map_err(fail)?;
    if only_if_new {
        return match file.persist_noclobber(path) {
            Err(lost) if lost.error.kind() != ErrorKind::AlreadyExists => Err(fail(lost.error)),
            // Another instance was faster: its keys are as good.
            Ok(_) | Err(_) => Ok(()),
        };
    }
    file.persist(path).map(|_| ()).map_err(|lost| fail(lost.error))
}
