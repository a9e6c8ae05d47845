import API
import ExchangeKeys
import Exchanges
import Logging
import Networking
import Scheduling
import TradingCore

/// The optional sidecar as a server uses it: what it can be asked, and whoever trades through it.
struct SidecarServices {
    let catalog: ExchangeCatalog
    /// Nil where it is not set up.
    let client: SidecarClient?
    /// Asks exchanges about keys; nil without a client.
    let validator: SidecarKeyValidator?
    /// Why there is none, where there is none.
    let absence: String

    init(
        _ configuration: ServerConfiguration, _ time: any TimeSource, _ registry: ScheduleRegistry, _ logger: Logger
    ) {
        switch Self.setup(configuration) {
        case .failure(let absence):
            (client, validator, self.absence) = (nil, nil, absence.description)
            catalog = .absent(absence.description)
        case .success(let setup):
            let seed = SystemRandom().bytes(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let client = SidecarClient(setup, time: time, seed: seed, registry: registry, logger: logger)
            let names = SidecarCatalog(client, time: time)
            (self.client, absence) = (client, "")
            validator = SidecarKeyValidator(client, catalog: names)
            catalog = ExchangeCatalog(names)
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
