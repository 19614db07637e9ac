//! How a gate is built: by a function of the world, sync or async, plain or `Result`.

use std::{future::Future, sync::Arc};

use futures_util::future::LocalBoxFuture;

use crate::error::BoxError;
use crate::{gate::Gate, world::World};

/// Builds a gate in a world. Called once for each thread and scene, and again to replay.
pub type Factory = Arc<dyn for<'a> Fn(&'a World) -> LocalBoxFuture<'a, Result<Gate, BoxError>> + Send + Sync>;

/// Boxes a factory; [`factory!`](crate::factory!) calls it.
///
/// ```
/// use gatecrash::{Gate, gate::factory::{Factory, boxed}};
/// // What a function cannot know by itself, a closure takes along.
/// let address = std::sync::Arc::new("127.0.0.1:5432".to_string());
/// let factory: Factory = boxed(move |_world| {
///     let address = address.clone();
///     Box::pin(async move { Ok(Gate::serve(|_io| async {}).keep(address)) })
/// });
/// # drop(factory);
/// ```
pub fn boxed<F>(build: F) -> Factory
where
    F: for<'a> Fn(&'a World) -> LocalBoxFuture<'a, Result<Gate, BoxError>> + Send + Sync + 'static,
{
    Arc::new(build)
}

/// What a factory may return. The parameter only keeps the implementations apart.
///
/// ```
/// use gatecrash::{Gate, gate::factory::IntoGate};
/// fn accepts<Kind>(_: impl IntoGate<Kind>) {}
/// accepts(Gate::serve(|_io| async {}));
/// accepts(Err::<Gate, _>("the database does not start"));
/// accepts(async { Gate::serve(|_io| async {}) });
/// ```
pub trait IntoGate<Kind> {
    /// The gate, or why there is none.
    ///
    /// ```
    /// use gatecrash::{Gate, gate::factory::IntoGate};
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() {
    /// let gate = Err::<Gate, _>("the database does not start").into_gate().await;
    /// assert!(gate.is_err_and(|error| error.to_string() == "the database does not start"));
    /// # }
    /// ```
    fn into_gate(self) -> impl Future<Output = Result<Gate, BoxError>>;
}

/// A factory that returns the gate itself.
#[derive(Debug)]
pub struct Plain;

/// A factory that returns a `Result`.
#[derive(Debug)]
pub struct Fallible;

/// An async factory of either.
#[derive(Debug)]
pub struct Async<Kind>(std::marker::PhantomData<Kind>);

impl IntoGate<Plain> for Gate {
    async fn into_gate(self) -> Result<Gate, BoxError> {
        Ok(self)
    }
}

impl<E: Into<BoxError>> IntoGate<Fallible> for Result<Gate, E> {
    async fn into_gate(self) -> Result<Gate, BoxError> {
        self.map_err(Into::into)
    }
}

impl<Kind, F: Future> IntoGate<Async<Kind>> for F
where
    F::Output: IntoGate<Kind>,
{
    async fn into_gate(self) -> Result<Gate, BoxError> {
        self.await.into_gate().await
    }
}

/// Makes a [`Factory`] of a function from `&World`: sync or async, to a [`Gate`] or a `Result` of one.
///
/// ```
/// use gatecrash::{Gate, World};
/// fn plain(_: &World) -> Gate {
///     Gate::serve(|_io| async {})
/// }
/// async fn fallible(_: &World) -> Result<Gate, std::io::Error> {
///     Ok(Gate::serve(|_io| async {}))
/// }
/// let factories = [gatecrash::factory!(plain), gatecrash::factory!(fallible)];
/// # assert_eq!(factories.len(), 2);
/// ```
#[macro_export]
macro_rules! factory {
    ($build:path) => {
        $crate::gate::factory::boxed(|world| {
            ::std::boxed::Box::pin(async move { $crate::gate::factory::IntoGate::into_gate($build(world)).await })
        })
    };
}
