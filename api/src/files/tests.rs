use futures_util::TryStreamExt as _;
use mandate_core::attachment::Place;
use mandate_core::id::{AttachmentId, ServiceRequestId};

use super::*;

fn file(number: u128) -> Upload {
    Upload { id: AttachmentId::from_u128(number), place: Place::Request(ServiceRequestId::from_u128(1)) }
}

fn open(directory: &std::path::Path) -> FileStore {
    FileStore::open(&FilesTarget::Folder(directory.join("files"))).unwrap()
}

/// Everything that lies in a folder, by its path.
fn everything(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(everything(&path));
        } else {
            found.push(path.file_name().unwrap().to_string_lossy().into_owned());
        }
    }
    found.sort();
    found
}

async fn write(store: &FileStore, number: u128, pieces: &[&'static [u8]]) {
    let mut writer = store.writer(file(number)).await.unwrap();
    for piece in pieces {
        writer.write(Bytes::from_static(piece)).await.unwrap();
    }
    writer.finish().await.unwrap();
}

async fn read(store: &FileStore, number: u128, size: u64, range: Range<u64>) -> Result<Vec<u8>, FileError> {
    let pieces: Vec<Bytes> = store.read(file(number), size, range).await?.try_collect().await?;
    Ok(pieces.concat())
}

#[tokio::test]
async fn a_file_is_read_as_it_was_written_in_parts_as_well_s_6() {
    static LARGE: [u8; 600_000] = [9; 600_000];
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    write(&store, 1, &[b"abc", b"defg"]).await;
    write(&store, 2, &[&LARGE, b"end"]).await;
    assert_eq!(read(&store, 1, 7, 0..7).await.unwrap(), b"abcdefg");
    assert_eq!(read(&store, 1, 7, 2..4).await.unwrap(), b"cd");
    assert_eq!(read(&store, 2, 600_003, 599_999..600_003).await.unwrap(), b"\x09end");
    assert!(read(&store, 3, 7, 0..7).await.is_err());
    // Somebody cut it off.
    assert!(read(&store, 1, 8, 0..8).await.is_err());
}

#[tokio::test]
async fn what_is_aborted_or_removed_leaves_nothing_behind_s_6() {
    static LARGE: [u8; 600_000] = [9; 600_000];
    let directory = tempfile::tempdir().unwrap();
    let (store, folder) = (open(directory.path()), directory.path().join("files"));
    write(&store, 1, &[b"abc"]).await;
    let mut writer = store.writer(file(2)).await.unwrap();
    writer.write(Bytes::from_static(&LARGE)).await.unwrap();
    writer.abort().await.unwrap();
    store.writer(file(3)).await.unwrap().abort().await.unwrap();
    assert_eq!(everything(&folder), [file(1).id.to_string()]);
    // A process that dies leaves what it has written of a file.
    let begun = folder.join(file(4).place.id().to_string()).join(format!("{}#1", file(4).id));
    fs::write(begun, LARGE).unwrap();
    assert_eq!(everything(&folder).len(), 2);
    for number in 1..=5 {
        store.remove(file(number)).await.unwrap();
    }
    assert!(everything(&folder).is_empty());
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_for_their_owner_alone_from_their_first_byte_on_s_6() {
    static LARGE: [u8; 600_000] = [9; 600_000];
    let mode = |path: &FilePath| {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    let directory = tempfile::tempdir().unwrap();
    let (store, folder) = (open(directory.path()), directory.path().join("files"));
    let place = folder.join(file(1).place.id().to_string());
    let mut writer = store.writer(file(1)).await.unwrap();
    writer.write(Bytes::from_static(&LARGE)).await.unwrap();
    // While it arrives, the folder around it keeps others out.
    assert_eq!((mode(&folder), mode(&place)), (0o700, 0o700));
    writer.finish().await.unwrap();
    write(&store, 2, &[b"abc"]).await;
    for number in [1, 2] {
        assert_eq!(mode(&place.join(file(number).id.to_string())), 0o600);
    }
    // A folder of an earlier version, which was open to all.
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(&place, fs::Permissions::from_mode(0o755)).unwrap();
    write(&store, 3, &[b"abc"]).await;
    assert_eq!(mode(&place), 0o700);
}

#[tokio::test]
async fn a_folder_that_is_gone_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.check().unwrap();
    fs::remove_dir(directory.path().join("files")).unwrap();
    assert!(store.check().is_err());
    fs::write(directory.path().join("file"), "").unwrap();
    assert!(FileStore::open(&FilesTarget::Folder(directory.path().join("file/files"))).is_err());
}
