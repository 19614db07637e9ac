//! A gate that is wired wrongly is told so: which control failed, what the gate answered, what to change. It is never a finding.

use std::time::Duration;

use axum::{
    extract::Request,
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Redirect, Response},
};
use gatecrash::{
    BoxError, Evidence, Gate, Suite, SuiteOptions, World, WorldOptions, corpus::catalogue::Artefact, factory,
};
use gatecrash_gallery::reference;
use http::StatusCode;

use crate::suite::said;

/// What `controls` says; and that the other tests attempt nothing.
fn told(factory: gatecrash::gate::factory::Factory, world: WorldOptions) -> String {
    let folder = tempfile::tempdir().unwrap();
    let suite = Suite::new();
    let options = || SuiteOptions { world, folder: folder.path().into(), ..SuiteOptions::default() };
    suite.of(factory, env!("CARGO_MANIFEST_DIR"), "gallery/gate.toml", options);
    let text = said(|| suite.controls()).unwrap();
    let other = said(|| suite.artefact(Artefact::Claims)).unwrap();
    assert!(other == text || other.contains("not attempted; test `controls` says why"), "{other}");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "no finding is saved");
    text
}

macro_rules! miswired {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                insta::assert_snapshot!(concat!("miswired_", stringify!($name)), told(factory!(gates::$name), WorldOptions::default()));
            }
        )*
    };
}

miswired! {
    anchors_of_another_world
    audience_of_another_service
    certificates_not_handed_over
    closes_at_once
    clock_of_the_system
    content_of_another_type
    errs_at_construction
    hangs
    issuer_of_another_name
    login_page
    no_such_route
    no_witness
    panics_at_construction
    panics_on_everything
    principal_by_another_name
    rate_limited
    route_by_another_name
}

/// Each of them refuses honest requests, or cannot say whom it let in.
mod gates {
    use super::*;

    /// The reference server as it is built for another world.
    fn elsewhere(world: &World, change: impl FnOnce(&mut gatecrash::model::Policy)) -> Result<Gate, BoxError> {
        let mut policy = world.policy().clone();
        change(&mut policy);
        Ok(reference::gate(&World::new(policy, WorldOptions::default())?)?.evidence(Evidence::Status))
    }

    /// Whatever stands before the handlers answers `response`.
    fn answering(world: &World, response: fn() -> Response) -> Result<Gate, BoxError> {
        let layer = from_fn(move |_: Request, _: Next| async move { response() });
        Ok(Gate::layer(world, layer)?.peer_certificates(|_, _| {}))
    }

    pub(super) fn anchors_of_another_world(world: &World) -> Result<Gate, BoxError> {
        let other = World::new(world.policy().clone(), WorldOptions { seed: 99, ..WorldOptions::default() })?;
        reference::gate(&other)
    }

    pub(super) fn audience_of_another_service(world: &World) -> Result<Gate, BoxError> {
        elsewhere(world, |policy| policy.audience = "https://other.test".into())
    }

    pub(super) fn certificates_not_handed_over(world: &World) -> Result<Gate, BoxError> {
        Gate::layer(world, from_fn(|_: Request, _: Next| async { StatusCode::UNAUTHORIZED }))
    }

    pub(super) fn closes_at_once(_: &World) -> Gate {
        Gate::serve(|io| async move { drop(io) })
    }

    pub(super) fn clock_of_the_system(world: &World) -> Result<Gate, BoxError> {
        let now = World::new(world.policy().clone(), WorldOptions::system_clock())?;
        Ok(reference::gate(&now)?.evidence(Evidence::Status))
    }

    pub(super) fn content_of_another_type(world: &World) -> Result<Gate, BoxError> {
        answering(world, || {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "Expected request with `Content-Type: application/json`")
                .into_response()
        })
    }

    pub(super) fn errs_at_construction(_: &World) -> Result<Gate, std::io::Error> {
        Err(std::io::Error::other("the database is not there"))
    }

    pub(super) fn hangs(_: &World) -> Gate {
        Gate::serve(|io| async move {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            drop(io);
        })
    }

    pub(super) fn issuer_of_another_name(world: &World) -> Result<Gate, BoxError> {
        elsewhere(world, |policy| policy.issuers[0].url = "https://issuer.other.test".into())
    }

    pub(super) fn login_page(world: &World) -> Result<Gate, BoxError> {
        answering(world, || Redirect::to("/login").into_response())
    }

    pub(super) fn no_such_route(world: &World) -> Result<Gate, BoxError> {
        answering(world, || StatusCode::NOT_FOUND.into_response())
    }

    pub(super) fn no_witness(world: &World) -> Result<Gate, BoxError> {
        answering(world, || "hello".into_response())
    }

    pub(super) fn panics_at_construction(_: &World) -> Gate {
        panic!("called `Option::unwrap()` on a `None` value")
    }

    pub(super) fn panics_on_everything(world: &World) -> Result<Gate, BoxError> {
        answering(world, || panic!("index out of bounds"))
    }

    pub(super) fn principal_by_another_name(world: &World) -> Result<Gate, BoxError> {
        let layer = from_fn(|request: Request, next: Next| async { next.run(request).await });
        Ok(Gate::layer(world, layer)?.identity(|_| Some("user 17".into())))
    }

    pub(super) fn rate_limited(world: &World) -> Result<Gate, BoxError> {
        answering(world, || StatusCode::TOO_MANY_REQUESTS.into_response())
    }

    pub(super) fn route_by_another_name(world: &World) -> Result<Gate, BoxError> {
        let witness = world.witness().clone();
        let layer = from_fn(move |_: Request, _: Next| {
            let witness = witness.clone();
            async move { witness.hit("GET /whoami", None, None) }
        });
        Gate::layer(world, layer)
    }
}
