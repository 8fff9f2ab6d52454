//! The way to the far side: TLS and whom it believes, a proxy, keys that cannot be sent.

use crate::model_faults::{KEY, question};
use crate::model_server::{Act, ModelServer};
use crate::subject::{build_in, try_build};
use opspilot_sdk::{Charge, ErrorKind};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// A certificate for a name that vouches for itself: `<name>.pem`, `<name>.key`.
fn certify(folder: &Path, name: &str) {
    let made = Command::new("openssl")
        .current_dir(folder)
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
        .args(["-subj", "/CN=A test", "-addext", &format!("subjectAltName={name}")])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "key.pem", "-out", "cert.pem"])
        .output();
    let made = made.expect("openssl is not installed here; run `cargo xtask test`, which installs it");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
}

/// A port that speaks TLS with the folder's certificate and passes on to the server.
async fn front(folder: &Path, server: &ModelServer) -> (u16, impl Future<Output = ()>) {
    let chain = CertificateDer::pem_file_iter(folder.join("cert.pem")).expect("a file");
    let chain = chain.collect::<Result<Vec<_>, _>>().expect("a certificate");
    let key = PrivateKeyDer::from_pem_file(folder.join("key.pem")).expect("a key");
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_no_client_auth().with_single_cert(chain, key).expect("a pair");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let target = server.address;
    let serve = async move {
        loop {
            let Ok((stream, _)) = listener.accept().await else { return };
            let Ok(mut inside) = acceptor.accept(stream).await else { continue };
            let Ok(mut outside) = TcpStream::connect(target).await else { continue };
            let _ = tokio::io::copy_bidirectional(&mut inside, &mut outside).await;
        }
    };
    (port, serve)
}

#[tokio::test]
async fn only_who_is_trusted_is_told_the_key() {
    let server = ModelServer::start(|_| Act::Say("{}".to_owned()));
    for (name, ca_file, code) in [
        ("IP:127.0.0.1", Some("cert.pem"), None),
        ("IP:127.0.0.1", None, Some("OP-7103")),
        ("IP:127.0.0.2", Some("cert.pem"), Some("OP-7103")),
        ("DNS:localhost", Some("cert.pem"), Some("OP-7103")),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        certify(folder.path(), name);
        let (port, serve) = front(folder.path(), &server).await;
        let mut options = json!({ "model": "stand-in", "base_url": format!("https://127.0.0.1:{port}/v1") });
        if let Some(file) = ca_file {
            options["ca_file"] = file.into();
        }
        let model = build_in(folder.path(), options, KEY);
        let before = server.requests();
        let question = question();
        let asked = async {
            let first = model.ask(&question).await;
            // The second goes over the connection of the first.
            if first.is_ok() { model.ask(&question).await } else { first }
        };
        tokio::select! {
            () = serve => panic!("the front ended"),
            answered = asked => match (answered, code) {
                (Ok(_), None) => assert_eq!(server.requests() - before, 2),
                (Err(unanswered), Some(code)) => {
                    let error = &unanswered.error;
                    assert_eq!((error.kind, error.code, unanswered.charge), (ErrorKind::Misconfigured, code, Charge::Nothing), "{error}");
                    assert_eq!(server.requests(), before);
                }
                (answered, code) => panic!("{name}: {answered:?}, {code:?} was expected"),
            }
        }
    }
}

#[tokio::test]
async fn a_proxy_is_used_when_it_is_named() {
    let proxy = ModelServer::start(|_| Act::Say("{}".to_owned()));
    let options = json!({
        "model": "m", "base_url": "http://models.invalid/v1", "allow_plain": true, "proxy_url": format!("http://{}", proxy.address),
    });
    try_build(options, KEY).expect("a model").ask(&question()).await.expect("an answer");
    let call = proxy.questions().remove(0);
    assert_eq!(
        (call.path.as_str(), call.header("host")),
        ("http://models.invalid/v1/chat/completions", Some("models.invalid"))
    );
}

#[tokio::test]
async fn what_cannot_be_sent_or_read_is_told_before() {
    for key in ["two\nlines", "b\u{0}ll", "schlüssel\u{7f}", ""] {
        let error = try_build(json!({ "model": "m" }), key).err().expect("no model");
        let text = format!("{error} {error:?}");
        assert_eq!((error.kind, error.code), (ErrorKind::Misconfigured, "OP-7113"), "{text}");
        assert!(key.is_empty() || !text.contains(key), "{text}");
    }
    let error = try_build(json!({ "model": "m", "ca_file": "key" }), KEY).err().expect("no authority");
    assert_eq!(error.code, "OP-7113");
    assert!(!error.to_string().contains(KEY), "{error}");
}
