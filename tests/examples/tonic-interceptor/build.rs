//! The server's side of `ledger.v1.Ledger`, from a description in place of a `.proto` file: no `protoc` is needed.

use tonic_build::manual::{Builder, Method, Service};

fn main() {
    let method = |name: &str, route: &str, input: &str, output: &str| {
        let codec = "tonic_prost::ProstCodec";
        Method::builder().name(name).route_name(route).input_type(input).output_type(output).codec_path(codec).build()
    };
    let service = Service::builder()
        .name("Ledger")
        .package("ledger.v1")
        .method(method("balance", "Balance", "crate::BalanceRequest", "crate::BalanceReply"))
        .method(method("transfer", "Transfer", "crate::TransferRequest", "crate::TransferReply"))
        .build();
    Builder::new().build_client(false).compile(&[service]);
}
