import Exchanges
import Networking

extension KeyRefusal {
    /// What the exchange does not like about the key, then its own words.
    static func words(_ failure: ExchangeFailure, _ credentials: ExchangeCredentials) -> String {
        words(failure.keyCauses, credentials.hidden(in: "\(failure)"))
    }

    static func words(_ failure: SidecarFailure, _ credentials: ExchangeCredentials) -> String {
        words(failure.keyCauses, credentials.hidden(in: "\(failure)"))
    }

    private static func words(_ causes: [KeyCause], _ said: String) -> String {
        causes.isEmpty ? said : "\(causes.map(\.words).joined(separator: ", or ")) (\(said))"
    }
}

extension ExchangeCredentials {
    /// An exchange's own words, short and without anything secret that it may have repeated: the account's key and secrets, and what
    /// looks like a signature.
    func hidden(in words: String) -> String {
        // First: something short of the account's may stand within a signature, and would break it up.
        var text = SignatureWords.hidden(in: words)
        for secret in [secret, passphrase, uid, Secret(apiKey)].compactMap({ $0 }) where secret.reveal().utf8.count > 3
        {
            text = text.replacing(secret.reveal(), with: "***")
        }
        let line = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return line.count > 300 ? line.prefix(300) + "…" : line
    }
}
