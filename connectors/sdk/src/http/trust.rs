//! Whom a TLS connection believes. Own file because it is the one place that chooses the cryptography: ring, as everywhere. INVARIANT:
//! nothing is switched off: a certificate that is not trusted, or for another name, ends the connection.

use crate::http::{Fault, FaultKind};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use std::path::Path;
use std::sync::Arc;

/// The authorities of `ca_file` alone, or the system's; nobody where no connection of TLS is made, and reading hundreds of certificates
/// would be for nothing.
pub(crate) fn trust(host: &str, is_tls: bool, ca_file: Option<&Path>) -> Result<ClientConfig, Fault> {
    let wrong = |why: String| Fault::new(FaultKind::Untrusted, host, why);
    let mut roots = RootCertStore::empty();
    match ca_file {
        None if !is_tls => {}
        None => {
            roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        }
        Some(path) => {
            let unreadable =
                || wrong(format!("cannot be judged: `ca_file` (`{}`) holds no certificates in PEM", path.display()));
            for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unreadable())? {
                roots.add(certificate.map_err(|_| unreadable())?).map_err(|_| unreadable())?;
            }
            if roots.is_empty() {
                return Err(unreadable());
            }
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|cause| wrong(format!("cannot be called by TLS: {cause}")))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
