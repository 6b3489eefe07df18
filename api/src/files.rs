//! The store of files: a folder, or a bucket of a service that speaks S3. Files are written and read in pieces, never as a whole.
//!
//! A file lies under the id of its service request or escalation and its own, and is never changed. What it is, and who may have it, the
//! database knows alone.

use std::fs;
use std::future::poll_fn;
use std::io;
use std::ops::Range;
use std::path::{Path as FilePath, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use futures_util::stream::BoxStream;
use mandate_storage::Upload;
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, RetryConfig};
use tempfile::tempfile_in;
use thiserror::Error;
use tokio::io::AsyncWrite as _;

use crate::problem::chain;
use crate::settings::FilesTarget;

/// Bytes that are written to a folder at once.
const FOLDER_PIECE: usize = 256 * 1024;
/// Bytes that are sent to a bucket at once: no part of several may be smaller, but for the last.
const BUCKET_PIECE: usize = 5 * 1024 * 1024;

/// Why a file cannot be written, read or removed; for the log alone.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct FileError(String);

impl From<object_store::Error> for FileError {
    fn from(error: object_store::Error) -> Self {
        Self(chain(&error))
    }
}

/// The store. Clones are the same.
#[derive(Debug, Clone)]
pub struct FileStore {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    piece: usize,
    folder: Option<PathBuf>,
}

impl FileStore {
    /// Opens the store; a folder is made, a bucket is not asked yet.
    ///
    /// What belongs to a bucket beside its name (credentials, region, endpoint) is read from the variables that all clients of S3
    /// read, such as `AWS_ACCESS_KEY_ID`, or else asked of the machine that the server runs on.
    ///
    /// *Errors*: in words, for the operator.
    pub fn open(target: &FilesTarget) -> Result<Self, FileError> {
        match target {
            FilesTarget::Folder(folder) => {
                let unusable = |error: io::Error| FileError(format!("{}: {error}", folder.display()));
                create_private(folder).map_err(unusable)?;
                let store = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true).with_automatic_cleanup(true);
                let folder = Some(folder.canonicalize().map_err(unusable)?);
                Ok(Self { store: Arc::new(store), prefix: Path::default(), piece: FOLDER_PIECE, folder })
            }
            FilesTarget::Bucket { name, prefix } => {
                // The same cryptography as for mail servers; that it was chosen before is no error.
                let _ = rustls::crypto::ring::default_provider().install_default();
                // Files are removed one by one, which every such service understands.
                let builder = AmazonS3Builder::from_env().with_bucket_name(name).with_disable_bulk_delete(true);
                let store = Arc::new(builder.with_retry(patience()).build()?);
                Ok(Self { store, prefix: Path::from(prefix.as_str()), piece: BUCKET_PIECE, folder: None })
            }
        }
    }

    fn path(&self, file: Upload) -> Path {
        let (place, name) = (file.place.id().to_string(), file.id.to_string());
        self.prefix.clone().join(place).join(name)
    }

    /// Begins to write a file. In a folder, nobody else on the machine may read it, nor list what lies beside it.
    ///
    /// *Errors*: the folder cannot be made.
    pub(crate) async fn writer(&self, file: Upload) -> Result<FileWriter, FileError> {
        let writer = BufWriter::with_capacity(Arc::clone(&self.store), self.path(file), self.piece);
        let kept =
            self.folder.as_ref().map(|folder| folder.join(file.place.id().to_string()).join(file.id.to_string()));
        if let (Some(folder), Some(kept)) = (self.folder.clone(), kept.clone()) {
            let made = blocking(move || make_beside(&folder, &kept));
            made.await.map_err(|error| FileError(error.to_string()))?;
        }
        Ok(FileWriter { writer: writer.with_max_concurrency(1), kept })
    }

    /// Reads a part of a file that has so many bytes.
    ///
    /// *Errors*: the store does not answer; the file is not there, or not as long as it was.
    pub(crate) async fn read(
        &self,
        file: Upload,
        size: u64,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, object_store::Result<Bytes>>, FileError> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.store.get_opts(&self.path(file), options).await?;
        if found.meta.size != size {
            return Err(FileError(format!("{} has {} bytes instead of {size}", found.meta.location, found.meta.size)));
        }
        Ok(found.into_stream())
    }

    /// Removes a file, and what an interrupted process left of it. That there is none is no error.
    pub(crate) async fn remove(&self, file: Upload) -> Result<(), FileError> {
        match self.store.delete(&self.path(file)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        self.remove_leftovers(file).map_err(|error| FileError(error.to_string()))
    }

    /// A file in a folder is written as `name#1` until it is whole, and the store of the folder knows only of whole ones.
    fn remove_leftovers(&self, file: Upload) -> io::Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let folder = folder.join(file.place.id().to_string());
        let begun = format!("{}#", file.id);
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with(&begun) {
                fs::remove_file(entry.path())?;
            }
        }
        // Only an empty folder can be removed.
        let _ = fs::remove_dir(&folder);
        Ok(())
    }

    /// Whether files can be written, as far as this machine alone is concerned: whether a service answers is the same for all
    /// instances, and no reason to send requests elsewhere. Blocks.
    ///
    /// *Errors*: the folder is not there or cannot be written to.
    pub(crate) fn check(&self) -> Result<(), FileError> {
        match &self.folder {
            Some(folder) => match tempfile_in(folder) {
                Ok(_) => Ok(()),
                Err(error) => Err(FileError(format!("{}: {error}", folder.display()))),
            },
            None => Ok(()),
        }
    }
}

/// Makes a folder, and those that it lies in, for its owner alone. One that is there keeps its mode.
pub(crate) fn create_private(folder: &FilePath) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Makes the folder in which a file will lie, before the file's first byte is there to be read. It is on disk when this answers.
fn make_beside(root: &FilePath, file: &FilePath) -> io::Result<()> {
    let Some(folder) = file.parent() else { return Ok(()) };
    if !folder.is_dir() {
        create_private(folder)?;
        #[cfg(unix)]
        fs::File::open(root)?.sync_all()?;
    }
    restrict(folder, 0o700)
}

/// Takes a file that is there, and its folder, from everybody but their owner. The folder may have been made anew in between, after
/// another file was removed from it.
fn keep_private(file: &FilePath) -> io::Result<()> {
    file.parent().map_or(Ok(()), |folder| restrict(folder, 0o700))?;
    restrict(file, 0o600)
}

/// Takes what somebody else may do with a file or folder away. Where it belongs to another user, as on some network shares, it stays.
fn restrict(path: &FilePath, mode: u32) -> io::Result<()> {
    #[cfg(unix)]
    if let Err(error) = fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode))
        && error.kind() != io::ErrorKind::PermissionDenied
    {
        return Err(error);
    }
    Ok(())
}

async fn blocking(work: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

/// How often a service is asked again; a request has no more time than this.
fn patience() -> RetryConfig {
    RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(10), ..RetryConfig::default() }
}

/// A file that is being written. Nobody can read it before it is finished; dropped, it leaves pieces that [`FileStore::remove`]
/// removes.
///
/// *Shape*: holds at most two pieces in memory.
pub(crate) struct FileWriter {
    writer: BufWriter,
    /// Where it will lie, if that is in a folder.
    kept: Option<PathBuf>,
}

impl FileWriter {
    /// Writes more bytes, as fast as the store takes them.
    pub(crate) async fn write(&mut self, bytes: Bytes) -> Result<(), FileError> {
        Ok(self.writer.put(bytes).await?)
    }

    /// Ends the file: when this answers, it is whole and on disk.
    pub(crate) async fn finish(mut self) -> Result<(), FileError> {
        let finished = poll_fn(|context| Pin::new(&mut self.writer).poll_shutdown(context)).await;
        finished.map_err(|error| FileError(chain(&error)))?;
        match self.kept {
            Some(kept) => blocking(move || keep_private(&kept)).await.map_err(|error| FileError(error.to_string())),
            None => Ok(()),
        }
    }

    /// Throws away what was written.
    pub(crate) async fn abort(mut self) -> Result<(), FileError> {
        Ok(self.writer.abort().await?)
    }
}

#[cfg(test)]
mod tests;
