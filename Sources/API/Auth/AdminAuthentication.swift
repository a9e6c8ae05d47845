import Crypto
public import Exchanges
import Foundation
import JWTKit
public import Scheduling
import Synchronization
import TradingCore

/// The one principal: logs in with the admin password, then carries a token.
struct AdminAuthentication: Sendable {
    /// How long a token is good.
    static let lifetime = Nanoseconds.seconds(120 * 60)

    private struct Payload: JWTPayload {
        var username: String
        var iat: Int
        var exp: Int

        // Judged by our own clock, see ``AdminAuthentication/accepts(_:)``.
        func verify(using algorithm: some JWTAlgorithm) throws {}
    }

    private let passwordHash: [UInt8]
    private let keys: JWTKeyCollection
    private let time: any TimeSource
    private let last = LastToken()

    init(password: Secret, signingKey: Secret, time: any TimeSource) async {
        passwordHash = Array(Self.hash(password.reveal()).utf8)
        keys = JWTKeyCollection()
        // HMAC fills a short key up with zeros anyway (RFC 2104 section 2); JWTKit wants that done before.
        var key = Array(signingKey.reveal().utf8)
        while key.count < 32 { key.append(0) }
        await keys.add(hmac: HMACKey(from: Data(key)), digestAlgorithm: .sha256)
        self.time = time
    }

    /// - Parameter sent: the lower-case hex SHA-256 of the password, as the web client sends it.
    func logIn(_ sent: String?) async throws -> String {
        guard let sent, !sent.isEmpty else { throw APIError.typed(401, "Password is required") }
        guard isEqual(Array(sent.utf8), passwordHash) else { throw APIError.typed(401, "Invalid password") }
        return try await makeToken()
    }

    /// - Parameter lifetime: in nanoseconds.
    func makeToken(lasting lifetime: Int64 = AdminAuthentication.lifetime) async throws -> String {
        let now = time.now()
        let seconds = Int(now.nanoseconds / Nanoseconds.perSecond)
        return try await keys.sign(
            Payload(username: "admin", iat: seconds, exp: seconds + Int(lifetime / Nanoseconds.perSecond)))
    }

    /// Whether an `Authorization` header carries a token of ours that has not run out.
    func accepts(_ header: String?) async -> Bool {
        guard var header, String(Substring(header.utf8.prefix(7))).lowercased() == "bearer " else { return false }
        let now = time.now().nanoseconds / Nanoseconds.perSecond
        let digest = header.withUTF8 { bytes in
            var hash = SHA256()
            hash.update(bufferPointer: UnsafeRawBufferPointer(bytes))
            return hash.finalize()
        }
        if let expiry = last.expiry(of: digest) { return now < expiry }
        // By bytes: what joins with the blank before it is part of the token, and spoils it.
        let token = String(Substring(header.utf8.dropFirst(7))).trimmingCharacters(in: Self.blanks)
        guard let payload = try? await keys.verify(token, as: Payload.self) else { return false }
        guard payload.username == "admin", now < Int64(payload.exp) else { return false }
        last.set(digest, expiry: Int64(payload.exp))
        return true
    }

    private static let blanks = CharacterSet(charactersIn: " \t")

    static func hash(_ password: String) -> String {
        SHA256.hash(data: Data(password.utf8)).map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }

    /// Takes as long for a wrong first byte as for a wrong last one (D10).
    private func isEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        var difference = UInt8(left.count == right.count ? 0 : 1)
        for index in right.indices { difference |= right[index] ^ (index < left.count ? left[index] : 0) }
        return difference == 0
    }
}

/// The header that was last found good, by its hash: whoever asks often has its signature checked once.
private final class LastToken: Sendable {
    private let token = Mutex<(digest: SHA256Digest, expiry: Int64)?>(nil)

    /// In seconds since 1970; nil for any other.
    func expiry(of digest: SHA256Digest) -> Int64? {
        token.withLock { $0.flatMap { $0.digest == digest ? $0.expiry : nil } }
    }

    func set(_ digest: SHA256Digest, expiry: Int64) { token.withLock { $0 = (digest, expiry) } }
}

/// What a client of the login sends for a password.
public enum AdminPassword {
    public static func hash(_ password: Secret) -> String { AdminAuthentication.hash(password.reveal()) }
}

/// A token for whoever can read the server's own secrets: the operator's command line needs no login, whose throttle others
/// could use up.
public enum OperatorToken {
    /// A year. It stays on this machine, and is one call long; but the clock of a server that was begun with a wrong one may be days from
    /// the command's, and a halt must get through.
    private static let lifetime = 366 * Nanoseconds.perDay

    public static func make(signingKey: Secret, time: any TimeSource) async throws -> String {
        try await AdminAuthentication(password: Secret(""), signingKey: signingKey, time: time).makeToken(
            lasting: lifetime)
    }
}
