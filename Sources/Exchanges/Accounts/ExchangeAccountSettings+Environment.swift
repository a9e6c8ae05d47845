public import TradingCore

extension ExchangeAccountSettings {
    /// The accounts that environment variables tell of: `<NAME>_API_KEY` and `<NAME>_SECRET`, with `<NAME>_PASSPHRASE` and
    /// `<NAME>_UID` where the exchange wants them; the label `default`, and with `_2` at the end `account2`.
    ///
    /// For all of an exchange's: `<NAME>_ENVIRONMENT` (`production` or `testnet`) or `<NAME>_REST_URL` with
    /// `<NAME>_STREAM_URL`; `<NAME>_DEAD_MANS_SWITCH_SECONDS`; `<NAME>_RECEIVE_WINDOW` in milliseconds. Empty is not set.
    /// - Parameter exchanges: which names are looked for, in lower case.
    /// - Returns: the accounts, and a line for each value that cannot be.
    public static func read(
        environment: [String: String], exchanges: [ExchangeID]
    ) -> (accounts: [ExchangeAccountSettings], faults: [String]) {
        var accounts: [ExchangeAccountSettings] = []
        var faults: [String] = []
        for exchange in exchanges {
            let reader = Reader(values: environment, prefix: exchange.rawValue.uppercased() + "_")
            for (suffix, label) in [("", defaultLabel), ("_2", "account2")] {
                guard let credentials = reader.credentials(suffix, &faults) else { continue }
                accounts.append(
                    ExchangeAccountSettings(
                        exchange: exchange, label: label, credentials: credentials,
                        environment: reader.environment(&faults),
                        deadMansSwitchSeconds: reader.number("DEAD_MANS_SWITCH_SECONDS", &faults).map { Int($0) },
                        receiveWindow: reader.number("RECEIVE_WINDOW", &faults) ?? 10_000))
            }
        }
        // A value for several accounts is read, and complained of, once for each.
        return (accounts, faults.enumerated().filter { !faults[..<$0.offset].contains($0.element) }.map(\.element))
    }

    private struct Reader {
        let values: [String: String]
        let prefix: String

        func text(_ name: String) -> String? { values[prefix + name].flatMap { $0.isEmpty ? nil : $0 } }

        func credentials(_ suffix: String, _ faults: inout [String]) -> ExchangeCredentials? {
            let (key, secret) = (text("API_KEY" + suffix), text("SECRET" + suffix))
            guard let key, let secret else {
                if key != nil || secret != nil {
                    let missing = prefix + (key == nil ? "API_KEY" : "SECRET") + suffix
                    faults.append("\(missing): must be given too")
                }
                return nil
            }
            return ExchangeCredentials(
                apiKey: key, secret: Secret(secret), passphrase: text("PASSPHRASE" + suffix).map { Secret($0) },
                uid: text("UID" + suffix).map { Secret($0) })
        }

        func environment(_ faults: inout [String]) -> Environment {
            if let rest = text("REST_URL") { return .custom(BaseAddresses(rest: rest, streams: text("STREAM_URL"))) }
            switch text("ENVIRONMENT")?.lowercased() {
            case nil, "production": return .production
            case "testnet": return .testnet
            case let other?:
                faults.append("\(prefix)ENVIRONMENT=\(other): must be production or testnet")
                return .production
            }
        }

        func number(_ name: String, _ faults: inout [String]) -> Int64? {
            guard let text = text(name) else { return nil }
            guard let number = Int64(text), (1...86_400).contains(number) || name == "RECEIVE_WINDOW" else {
                faults.append("\(prefix)\(name)=\(text): must be a whole number above 0")
                return nil
            }
            return number
        }
    }
}
