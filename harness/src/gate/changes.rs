//! How a gate learns that the world has changed: by the way that its operators have, such as a reload.

use futures_util::future::{FutureExt as _, LocalBoxFuture};
use gatecrash_model::Change;

use super::Gate;
use crate::{error::BoxError, world::World};

/// What a gate makes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Applied {
    /// It was told.
    Done,
    /// There is no way to tell it: cases with this change do not apply to the gate.
    NotSupported,
}

pub(super) type OnChange = dyn Fn(&Change, &World) -> LocalBoxFuture<'static, Result<Applied, BoxError>>;

impl Gate {
    /// How the gate is told that the world has changed, such as its reload path. Without it, cases in which anything but the
    /// clock changes do not apply.
    ///
    /// The world has changed already: its anchors, CRLs and key sets are the new ones. Of [`Change::Wait`] a gate need not be
    /// told that takes its time from [`World::time`](crate::world::World::time). `Err` when the gate does not take a change up
    /// that it ought to; what it trusted before stays in force.
    ///
    /// ```
    /// use gatecrash::{Applied, BoxError, Gate, World, model::Change};
    /// # #[derive(Clone)]
    /// # struct Server;
    /// # impl Server {
    /// #     fn start(_: &World) -> Result<Self, BoxError> { Ok(Server) }
    /// #     fn reload(&self, _: Vec<rustls_pki_types::CertificateRevocationListDer<'static>>) -> Result<(), BoxError> { Ok(()) }
    /// #     async fn serve_connection(&self, _: tokio::io::DuplexStream) {}
    /// # }
    /// fn gate(world: &World) -> Result<Gate, BoxError> {
    ///     let server = Server::start(world)?;
    ///     let reloaded = server.clone();
    ///     let gate = Gate::serve(move |io| {
    ///         let server = server.clone();
    ///         async move { server.serve_connection(io).await }
    ///     });
    ///     Ok(gate.on_change(move |change, world| match change {
    ///         Change::Revoke(_) => reloaded.reload(world.crls()?).map(|()| Applied::Done),
    ///         _ => Ok(Applied::NotSupported),
    ///     }))
    /// }
    /// ```
    pub fn on_change(self, apply: impl Fn(&Change, &World) -> Result<Applied, BoxError> + 'static) -> Self {
        self.on_change_async(move |change, world| std::future::ready(apply(change, world)))
    }

    /// The same for a reload that has to be waited for. The future takes along what it needs of the world.
    ///
    /// ```
    /// use gatecrash::{Applied, Gate};
    /// # async fn reload(_: String) {}
    /// let gate = Gate::serve(|_io| async {}).on_change_async(|_change, world| {
    ///     let keys = world.jwks(gatecrash::model::IssuerRole::Home);
    ///     async move {
    ///         reload(keys).await;
    ///         Ok(Applied::Done)
    ///     }
    /// });
    /// # drop(gate);
    /// ```
    pub fn on_change_async<F, Fut>(mut self, apply: F) -> Self
    where
        F: Fn(&Change, &World) -> Fut + 'static,
        Fut: Future<Output = Result<Applied, BoxError>> + 'static,
    {
        self.on_change = Some(Box::new(move |change, world| apply(change, world).boxed_local()));
        self
    }

    /// Whether the gate can be told of a change at all.
    pub(crate) fn hears(&self, change: &Change, world: &World) -> bool {
        match change {
            Change::Wait(_) => world.moves_time(),
            _ => self.on_change.is_some(),
        }
    }

    /// Tells the gate of a change that the world has made.
    pub(crate) async fn change(&self, change: &Change, world: &World) -> Result<Applied, BoxError> {
        let told = match &self.on_change {
            Some(apply) => apply(change, world).await?,
            None => Applied::NotSupported,
        };
        match change {
            Change::Wait(_) if world.moves_time() => Ok(Applied::Done),
            _ => Ok(told),
        }
    }
}
