//! A corpus beyond one machine: content-addressed, additive, safe for concurrent writers, resumable.
//!
//! An object is called `<target>/<hash of its content>` or `origins/<hash>/<contributor>`. It is created once and never
//! written again, so that two writers cannot disturb each other and whoever was interrupted simply begins again.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, path::Path as Key};

use super::merge::of_target;
use crate::attacks::casefile::{ORIGINS, files, is_corrupt, name_of, read, write};
use crate::{attacks::casefile::Surface, attacks::input::InputError};

/// What was moved.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Objects that were given or fetched.
    pub moved: usize,
    /// Objects that were on both sides already.
    pub known: usize,
    /// Objects and files whose content is not what their name is the hash of: skipped.
    pub corrupt: Vec<String>,
}

/// What became of one object.
enum Became {
    Corrupt(String),
    Known,
    Moved,
}

/// Why a corpus cannot be shared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShareError {
    /// A file cannot be read or written.
    #[error(transparent)]
    Input(#[from] InputError),
    /// There is nothing where the store should be.
    #[error("`{0}`: there is no such folder")]
    Missing(String),
    /// There is no runtime.
    #[error("the runtime cannot be built: {0}")]
    Runtime(#[from] std::io::Error),
    /// The store refuses, or cannot be reached.
    #[error("{0}")]
    Store(#[from] object_store::Error),
    /// The address is none.
    #[error("`{url}` is no address of a store: {why}; write s3://BUCKET/PREFIX, gs://…, az://… or file:///DIR")]
    Url {
        /// As given.
        url: String,
        /// What is wrong.
        why: String,
    },
}

/// How many objects travel at once.
const AT_ONCE: usize = 16;

/// Gives the store at `url` what `folder` has and the store lacks, but for files that are not what their name says:
/// they are skipped, and listed. Credentials come from the environment.
///
/// ```
/// use gatecrash::corpus::{name_of, share::push};
/// # let place = std::env::temp_dir().join("gatecrash-doc-push");
/// let corpus = place.join("corpus");
/// std::fs::create_dir_all(corpus.join("raw_token"))?;
/// std::fs::write(corpus.join("raw_token").join(name_of(b"a.b.c")), b"a.b.c")?;
/// let store = format!("file://{}", place.join("store").display());
/// assert_eq!(push(&store, &corpus)?.moved, 1);
/// assert_eq!(push(&store, &corpus)?.known, 1);
/// # std::fs::remove_dir_all(&place)?;
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn push(url: &str, folder: &Path) -> Result<Moved, ShareError> {
    let (store, root) = open(url, true)?;
    let mut objects: Vec<(Key, PathBuf)> = Vec::new();
    let mut corrupt = Vec::new();
    for &target in Surface::ALL {
        for file in of_target(folder, target)? {
            let content = read(&file)?;
            if is_corrupt(&file, &content) {
                corrupt.push(file.display().to_string());
                continue;
            }
            let name = name_of(&content);
            objects.push((below(&root, &[target.name(), &name]), file));
        }
    }
    let origins = folder.join(ORIGINS);
    for file in if origins.is_dir() { files(&origins)? } else { Vec::new() } {
        let parts: Vec<&str> = file.iter().rev().take(2).filter_map(|part| part.to_str()).collect();
        if let [contributor, name] = parts[..] {
            objects.push((below(&root, &[ORIGINS, name, contributor]), file));
        }
    }
    runtime()?.block_on(async {
        let there = list(store.as_ref(), &root).await?;
        let given = futures_util::stream::iter(objects.into_iter().map(|(key, file)| {
            let (store, there) = (&store, &there);
            async move {
                if there.contains(&key) {
                    return Ok(Became::Known);
                }
                let create = PutOptions::from(PutMode::Create);
                match store.put_opts(&key, PutPayload::from(read(&file)?), create).await {
                    Ok(_) => Ok(Became::Moved),
                    // Another writer was faster, with the same content.
                    Err(object_store::Error::AlreadyExists { .. } | object_store::Error::Precondition { .. }) => {
                        Ok(Became::Known)
                    }
                    Err(error) => Err(ShareError::from(error)),
                }
            }
        }));
        let given: Result<Vec<_>, ShareError> = given.buffer_unordered(AT_ONCE).try_collect().await;
        Ok(count(given?, corrupt))
    })
}

/// Fetches from the store at `url` what `folder` lacks. What is not what its name says is skipped, and listed.
///
/// ```
/// use gatecrash::corpus::{name_of, share::{pull, push}};
/// # let place = std::env::temp_dir().join("gatecrash-doc-pull");
/// let (ours, theirs) = (place.join("ours"), place.join("theirs"));
/// std::fs::create_dir_all(ours.join("raw_token"))?;
/// std::fs::write(ours.join("raw_token").join(name_of(b"a.b.c")), b"a.b.c")?;
/// let store = format!("file://{}", place.join("store").display());
/// push(&store, &ours)?;
/// assert_eq!(pull(&store, &theirs)?.moved, 1);
/// assert!(theirs.join("raw_token").join(name_of(b"a.b.c")).is_file());
/// # std::fs::remove_dir_all(&place)?;
/// # Ok::<(), gatecrash::BoxError>(())
/// ```
pub fn pull(url: &str, folder: &Path) -> Result<Moved, ShareError> {
    let (store, root) = open(url, false)?;
    runtime()?.block_on(async {
        let there = list(store.as_ref(), &root).await?;
        let fetched = futures_util::stream::iter(there.into_iter().filter_map(|key| {
            let parts: Vec<String> = key.prefix_match(&root)?.map(|part| part.as_ref().to_string()).collect();
            let hash = match parts.iter().map(String::as_str).collect::<Vec<_>>()[..] {
                [target, name] if Surface::named(target).is_some() => Some(name.to_string()),
                [ORIGINS, _, _] => None,
                // What others keep in the same place is none of ours.
                _ => return None,
            };
            let file = parts.iter().fold(folder.to_path_buf(), |path, part| path.join(part));
            let store = &store;
            Some(async move {
                // What is here and broken is fetched again.
                if file.exists() && !read(&file).is_ok_and(|content| is_corrupt(&file, &content)) {
                    return Ok(Became::Known);
                }
                let content = store.get(&key).await?.bytes().await?;
                if hash.is_some_and(|hash| hash != name_of(&content)) {
                    return Ok(Became::Corrupt(key.to_string()));
                }
                write(&file, &content)?;
                Ok(Became::Moved)
            })
        }));
        let fetched: Result<Vec<_>, ShareError> = fetched.buffer_unordered(AT_ONCE).try_collect().await;
        Ok(count(fetched?, Vec::new()))
    })
}

fn count(objects: Vec<Became>, corrupt: Vec<String>) -> Moved {
    let mut moved = Moved { corrupt, ..Moved::default() };
    for object in objects {
        match object {
            Became::Corrupt(name) => moved.corrupt.push(name),
            Became::Known => moved.known += 1,
            Became::Moved => moved.moved += 1,
        }
    }
    moved.corrupt.sort();
    moved
}

async fn list(store: &dyn ObjectStore, root: &Key) -> Result<BTreeSet<Key>, ShareError> {
    Ok(store.list(Some(root)).map_ok(|object| object.location).try_collect().await?)
}

fn below(root: &Key, parts: &[&str]) -> Key {
    let parts = parts.iter().map(|part| object_store::path::PathPart::from(*part));
    root.parts().chain(parts).collect()
}

/// The store at `url`. Options come from variables such as `AWS_ENDPOINT` and `AWS_ACCESS_KEY_ID`.
fn open(url: &str, creates: bool) -> Result<(Box<dyn ObjectStore>, Key), ShareError> {
    let fault = |why: String| ShareError::Url { url: url.into(), why };
    let parsed = url::Url::parse(url).map_err(|error| fault(error.to_string()))?;
    if parsed.scheme() == "file" {
        let folder = parsed.to_file_path().map_err(|()| fault("no absolute folder".into()))?;
        match creates {
            true => std::fs::create_dir_all(folder)?,
            false if !folder.is_dir() => return Err(ShareError::Missing(folder.display().to_string())),
            false => {}
        }
    }
    let environment = std::env::vars().map(|(name, value)| (name.to_ascii_lowercase(), value));
    object_store::parse_url_opts(&parsed, environment).map_err(|error| fault(error.to_string()))
}

fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}
