import NIOSSL

/// Whose certificates we believe.
public struct TrustedRoots: Sendable {
    private enum Source {
        case system
        case pem([UInt8])
    }

    private let source: Source

    /// What the operating system trusts.
    public static let system = TrustedRoots(source: .system)

    /// These and no others, in PEM: for simulators and tests.
    public static func only(pem: [UInt8]) -> TrustedRoots { TrustedRoots(source: .pem(pem)) }

    func clientConfiguration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.minimumTLSVersion = .tlsv12
        switch source {
        case .system: break
        case .pem(let bytes): configuration.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(bytes))
        }
        return configuration
    }
}
