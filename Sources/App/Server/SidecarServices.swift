import API
import Exchanges
import Logging
import Networking
import Scheduling
import TradingCore

/// The optional sidecar as a server uses it: what it can be asked, and the exchanges that are traded on through it.
struct SidecarServices {
    let connectors: [any ExchangeConnector]
    let catalog: ExchangeCatalog
    private let client: SidecarClient?

    /// Exchanges that have accounts in the environment and no connector of their own.
    private static let exchanges = ["alpaca", "bigone", "digifinex", "lbank", "p2b"]

    init(_ configuration: ServerConfiguration, _ time: any TimeSource, _ logger: Logger) {
        let accounts = Self.exchanges.map { ($0, Self.accounts($0, configuration)) }.filter { !$0.1.isEmpty }
        switch Self.setup(configuration) {
        case .failure(let absence):
            client = nil
            connectors = []
            catalog = .absent(absence.description)
            for (exchange, _) in accounts {
                logger.warning("\(exchange) has keys and is not traded on: the sidecar is \(absence)")
            }
        case .success(let setup):
            let seed = SystemRandom().bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let client = SidecarClient(setup, time: time, seed: seed, logger: logger)
            self.client = client
            connectors = accounts.map { exchange, accounts in
                SidecarConnector(
                    ExchangeID(rawValue: exchange), client: client, accounts: accounts, time: time, logger: logger)
            }
            catalog = ExchangeCatalog(SidecarCatalog(client, time: time))
        }
    }

    /// Goes on until the task is cancelled, sidecar or not: a service that ends takes the server with it.
    func run() async {
        if let client {
            await client.run()
        } else {
            await Signal().wait()
        }
    }

    static func setup(_ configuration: ServerConfiguration) -> Result<SidecarSetup, SidecarSetup.Absence> {
        Result { () throws(SidecarSetup.Absence) in
            try SidecarSetup(
                environment: configuration.text("CCXT_SIDECAR_VENV") ?? "",
                code: configuration.text("CCXT_SIDECAR_CODE") ?? "", folder: configuration.dataFolder)
        }
    }

    /// Both halves of a key, or none.
    private static func accounts(
        _ exchange: String, _ configuration: ServerConfiguration
    ) -> [String: ExchangeCredentials] {
        var accounts: [String: ExchangeCredentials] = [:]
        for (suffix, label) in [("", "default"), ("_2", "account2"), ("_READ_ONLY", "read-only")] {
            let name = exchange.uppercased()
            let key = configuration.text("\(name)_API_KEY\(suffix)") ?? configuration.text("\(name)_KEY\(suffix)")
            guard let key, let secret = configuration.text("\(name)_SECRET\(suffix)") else { continue }
            accounts[label] = ExchangeCredentials(apiKey: key, secret: Exchanges.Secret(secret))
        }
        return accounts
    }
}

extension ExchangeCatalog {
    init(_ sidecar: SidecarCatalog) {
        self.init(
            names: { () async throws(Failure) in
                do throws(SidecarFailure) { return try await sidecar.names() } catch { throw Failure(error) }
            },
            details: { id throws(Failure) in
                do throws(SidecarFailure) { return try await sidecar.details(id) } catch { throw Failure(error) }
            },
            markets: { id throws(Failure) in
                do throws(SidecarFailure) { return try await sidecar.markets(id) } catch { throw Failure(error) }
            })
    }
}

extension ExchangeCatalog.Failure {
    init(_ failure: SidecarFailure) {
        if failure.name == "UnknownExchange" {
            self = .unknownExchange
        } else if failure.kind == .unavailable {
            self = .unavailable(failure.message)
        } else {
            self = .failed(failure.description)
        }
    }
}
