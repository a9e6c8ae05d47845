import ArgumentParser
import Foundation
import Logging
import Scheduling
import ServiceLifecycle
import Simulators
import UnixSignals

/// The paper exchange as a process of its own: for servers started with `serve --exchange-socket`, or, on a port, for every
/// client that speaks Binance Spot.
struct PaperExchangeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paper-exchange",
        abstract: "Run the paper exchange alone: speaking Binance Spot on a port, or for `serve --exchange-socket`.")

    @OptionGroup var paper: PaperOptions

    @Option(
        help: "The port on which it speaks Binance Spot: REST, streams and WebSocket API; 0 lets the system choose.")
    var port: Int?

    @Option(help: "The Unix socket to listen on, for `serve --exchange-socket`.")
    var socket: String?

    @Option(help: "Its own file, where it remembers everything.")
    var journal: String?

    @OptionGroup var spot: SpotOptions

    @OptionGroup var market: LiveOptions

    func run() async throws {
        switch (port, socket) {
        case (let port?, nil): try await listen(port: port)
        case (nil, let socket?):
            try spot.refuse(besides: "--socket")
            try market.refuse(besides: "--socket")
            try await listen(socket: socket)
        default: throw BadInput("--port, --socket: one of them must be given")
        }
    }

    private func listen(port: Int) async throws {
        guard (0...65_535).contains(port) else { throw BadInput("--port \(port): must be 0 to 65535") }
        let (logger, time) = (Logger(label: "paper-exchange", factory: Self.handler), SystemTime())
        let accounts = try spot.traders()
        let live = try await market.open(paper, time: time, logger: logger)
        do { try await listen(port, accounts, live, time, logger) } catch {
            await live?.close()
            throw error
        }
        await live?.close()
    }

    private func listen(
        _ port: Int, _ accounts: [SpotAccount], _ live: LiveSource?, _ time: SystemTime, _ logger: Logger
    ) async throws {
        let file = journal ?? "data/paper-spot.db"
        var configuration = SpotConfiguration(
            listings: try live?.listings ?? paper.configuration().listings, accounts: accounts)
        configuration.servesListenKeys = spot.listenKeys
        let exchange: SpotExchange
        do {
            exchange = try await SpotExchange.open(
                configuration, path: file, time: time, logger: logger,
                progress: {
                    if Terminal.isInteractive {
                        Terminal.status("Playing the paper exchange forward: \(Int($0 * 100)) %")
                    }
                })
        } catch { throw BadInput("--journal \(file): \(error)") }
        let faults = try spot.faultText()
        let server = SpotServer(exchange, port: port, time: time, logger: logger)
        try await serve(
            exchange: {
                await exchange.run()
            },
            listening: {
                // Rules that change at the start need the exchange at work.
                if let faults {
                    do { try await exchange.setFaults(faults) } catch { throw BadInput("--faults: \(error)") }
                }
                try await server.run { port in
                    for line in spot.introduction { Terminal.error(line) }
                    Terminal.error("The paper exchange listens on http://127.0.0.1:\(port)")
                }
            }, hearing: live, refusal: "--port \(port)", logger)
        Terminal.error("Stopped. What it remembers is in \(file).")
    }

    private func listen(socket path: String) async throws {
        // A longer path does not fit the kernel's address: sockaddr_un(7).
        guard path.utf8.count < 108 else { throw BadInput("--socket \(path): must be shorter than 108 bytes") }
        let (logger, time) = (Logger(label: "paper-exchange", factory: Self.handler), SystemTime())
        let file = journal ?? "data/paper-exchange.db"
        let exchange = try await PaperExchange.open(paper.configuration(), file, time, logger)
        let server = PaperSocketServer(exchange, path: path, time: time, logger: logger)
        try await serve(
            exchange: { await exchange.run() },
            listening: { try await server.run { Terminal.error("The paper exchange listens on \(path).") } },
            refusal: "--socket \(path)", logger)
        Terminal.error("Stopped. What it remembers is in \(file).")
    }

    private static let handler: @Sendable (String) -> any LogHandler = { StreamLogHandler.standardError(label: $0) }

    private func serve(
        exchange: @escaping @Sendable () async -> Void, listening: @escaping @Sendable () async throws -> Void,
        hearing: LiveSource? = nil, refusal: String, _ logger: Logger
    ) async throws {
        var quiet = logger
        quiet.logLevel = .error
        var services: [any Service] = [BackgroundService { await exchange() }]
        if let hearing { services.append(BackgroundService { await hearing.run() }) }
        services.append(ListeningService { try await listening() })
        do {
            try await ServiceGroup(
                services: services, gracefulShutdownSignals: [.sigint, .sigterm], logger: quiet
            ).run()
        } catch let error as BadInput { throw error } catch { throw BadInput("\(refusal): \(error)") }
    }
}

/// A server that ends by being told to.
private struct ListeningService: Service {
    let listen: @Sendable () async throws -> Void

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            do { try await listen() } catch is CancellationError {}
        }
    }
}

extension PaperExchange {
    /// Opens an exchange, telling people how far playing forward has come.
    static func open(
        _ configuration: PaperExchangeConfiguration, _ path: String, _ time: any TimeSource, _ logger: Logger
    ) async throws -> PaperExchange {
        do {
            return try await open(
                configuration, path: path, time: time, logger: logger,
                progress: { done in
                    if Terminal.isInteractive {
                        Terminal.status("Playing the paper exchange forward: \(Int(done * 100)) %")
                    }
                })
        } catch { throw BadInput("\(error)") }
    }
}
