//! No effect without its record: a handler gets at the protected effects only with proof that its admission has been
//! recorded.

use std::time::Instant;

use axum::response::Response;

use crate::audit::{Admission, AuditEvent, Stage};
use crate::bank::Bank;
use crate::cause::Cause;
use crate::server::Server;

/// The record of one request, until its decision is known.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) event: AuditEvent,
    pub(crate) start: Instant,
}

/// The admission of this request has been recorded.
pub(crate) struct Recorded(());

/// On answers whose admission has been recorded, so that it is recorded once. It stays in the process.
#[derive(Clone, Copy)]
pub(crate) struct IsRecorded;

impl Recorded {
    /// Marks the answer to the request.
    pub(crate) fn answer(self, mut response: Response) -> Response {
        response.extensions_mut().insert(IsRecorded);
        response
    }
}

impl Server {
    /// Records the admission of a request, before its effect.
    ///
    /// # Errors
    ///
    /// The answer, when the record cannot be written: then the effect must not take place.
    pub(crate) async fn admit(&self, entry: &Entry) -> Result<Recorded, Response> {
        let event = AuditEvent { elapsed: entry.start.elapsed(), ..entry.event.clone() };
        let recorded = match self.audit().admit(event) {
            Admission::Recorded => true,
            Admission::Pending(receipt) => receipt.await,
            Admission::Refused => false,
        };
        if recorded {
            Ok(Recorded(()))
        } else {
            Err(self.answers().refuse(Stage::Authorization.refuses(Cause::AuditUnavailable)))
        }
    }

    /// The protected effects, for a request whose admission has been recorded.
    pub(crate) fn bank(&self, _: &Recorded) -> &dyn Bank {
        self.bank_unrecorded()
    }
}
