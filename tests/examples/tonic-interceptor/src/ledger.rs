//! The service itself: messages and methods of `ledger.v1.Ledger`.

use tonic::{Request, Response, Status};

use crate::Caller;

tonic::include_proto!("ledger.v1.Ledger");

pub use ledger_server::LedgerServer;

/// Asks for the balance of the caller.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BalanceRequest {}

/// The balance of the caller.
#[derive(Clone, PartialEq, prost::Message)]
pub struct BalanceReply {
    #[prost(string, tag = "1")]
    pub owner: String,
    #[prost(int64, tag = "2")]
    pub cents: i64,
}

/// Moves money of the caller.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TransferRequest {
    #[prost(string, tag = "1")]
    pub to: String,
    #[prost(uint64, tag = "2")]
    pub cents: u64,
}

/// The money was moved.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TransferReply {}

/// Every account.
pub struct Accounts;

#[tonic::async_trait]
impl ledger_server::Ledger for Accounts {
    async fn balance(&self, request: Request<BalanceRequest>) -> Result<Response<BalanceReply>, Status> {
        let caller = caller(&request)?;
        gatecrash_witness::hit("POST /ledger.v1.Ledger/Balance", Some(&caller.subject), None);
        Ok(Response::new(BalanceReply { owner: caller.subject.clone(), cents: 0 }))
    }

    async fn transfer(&self, request: Request<TransferRequest>) -> Result<Response<TransferReply>, Status> {
        let caller = caller(&request)?;
        if !caller.may("transfers:write") {
            return Err(Status::permission_denied("the token does not grant `transfers:write`"));
        }
        gatecrash_witness::hit("POST /ledger.v1.Ledger/Transfer", Some(&caller.subject), None);
        Ok(Response::new(TransferReply {}))
    }
}

/// Whom the interceptor let in.
fn caller<T>(request: &Request<T>) -> Result<&Caller, Status> {
    request.extensions().get().ok_or_else(|| Status::unauthenticated("nobody was let in"))
}
