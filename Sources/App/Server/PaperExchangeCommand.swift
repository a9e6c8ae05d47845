import ArgumentParser
import Foundation
import Logging
import Scheduling
import ServiceLifecycle
import Simulators
import UnixSignals

/// The paper exchange as a process of its own, for servers started with `serve --exchange-socket`.
struct PaperExchangeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "paper-exchange",
        abstract: "Run the paper exchange alone; servers reach it with `serve --exchange-socket`.")

    @OptionGroup var paper: PaperOptions

    @Option(help: "The Unix socket to listen on.")
    var socket: String

    @Option(help: "Its own file, where it remembers everything.")
    var journal = "data/paper-exchange.db"

    func run() async throws {
        // A longer path does not fit the kernel's address: sockaddr_un(7).
        guard socket.utf8.count < 108 else { throw BadInput("--socket \(socket): must be shorter than 108 bytes") }
        let logger = Logger(label: "paper-exchange", factory: { StreamLogHandler.standardError(label: $0) })
        let time = SystemTime()
        let exchange = try await PaperExchange.open(paper.configuration(), journal, time, logger)
        let server = PaperSocketServer(exchange, path: socket, time: time, logger: logger)
        let path = socket
        var quiet = logger
        quiet.logLevel = .error
        do {
            try await ServiceGroup(
                services: [
                    BackgroundService { await exchange.run() },
                    ListeningService {
                        try await server.run { Terminal.error("The paper exchange listens on \(path).") }
                    },
                ], gracefulShutdownSignals: [.sigint, .sigterm], logger: quiet
            ).run()
        } catch let error as BadInput { throw error } catch { throw BadInput("--socket \(socket): \(error)") }
        Terminal.error("Stopped. What it remembers is in \(journal).")
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
