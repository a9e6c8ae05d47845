import API
import Exchanges
import Execution
import Foundation
import Hummingbird
import MarketMaking
import NIOCore
import Scheduling
import ServiceLifecycle
import Synchronization
import TradingCore

/// Work that goes on until the process is told to stop.
struct BackgroundService: Service {
    private let work: @Sendable () async -> Void

    init(_ work: @escaping @Sendable () async -> Void) { self.work = work }

    func run() async throws {
        await cancelWhenGracefulShutdown { await work() }
    }
}

/// Whether the exchange has confirmed at the end that nothing of ours is open.
final class ShutdownOutcome: Sendable {
    private let clean = Atomic(false)

    var isClean: Bool { clean.load(ordering: .acquiring) }
    func setClean() { clean.store(true, ordering: .releasing) }
}

/// Runs the strategies; told to stop, it takes every own order off the book first.
struct SupervisorService: Service {
    static let limit = Nanoseconds.seconds(15)
    let supervisor: StrategySupervisor
    let outcome: ShutdownOutcome

    func run() async throws {
        await withTaskGroup { group in
            group.addTask { await supervisor.run() }
            group.addTask {
                do { try await gracefulShutdown() } catch { return }
                if await supervisor.shutDown(limit: Self.limit) { outcome.setClean() }
            }
            await group.waitForAll()
        }
    }
}

/// The API, and telling people where it is.
struct HTTPService: Service {
    let api: APIServer
    let files: ServerFiles
    let secrets: ServerSecrets
    let drain: ClientDrain

    func run() async throws {
        let application = await api.application { port in announce(port) }
        do {
            try await drain.run { try await application.run() }
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw BadInput(PortCheck.message(files.configuration))
        }
    }

    private func announce(_ port: Int) {
        Terminal.clearStatus()
        let address = files.configuration.address(port: port)
        Terminal.error("Mr.Market listens on \(address), the API is described at \(address)/docs")
        guard secrets.isPasswordNew else { return }
        Terminal.error(
            "Admin password: \(secrets.adminPassword.reveal())  (shown once; kept in \(files.configuration.dataFolder)/admin-password)"
        )
        ServerSecrets.passwordWasShown(files.configuration)
    }
}

/// Starts the example strategy when asked to, and keeps one line about the first session in the terminal.
struct StatusService: Service {
    let desk: any TradingDesk
    let symbol: Symbol
    let startsExample: Bool
    let time: any TimeSource
    let registry: ScheduleRegistry
    let showsLine: Bool

    func run() async throws {
        await cancelWhenGracefulShutdown {
            if startsExample { await startExample() }
            guard showsLine else { return await Signal().wait() }
            let schedule = registry.schedule("status line")
            defer { schedule.end() }
            schedule.began(at: time.now(), dueAt: time.now())
            while !Task.isCancelled {
                await show()
                let next = time.now().advanced(byNanoseconds: Nanoseconds.milliseconds(250))
                do { try await schedule.wait(until: next, on: time) } catch { return }
            }
        }
    }

    private func startExample() async {
        while !Task.isCancelled {
            do {
                if try await desk.strategies(.all).isEmpty {
                    _ = try await desk.startPureMarketMaking(ExampleStrategy.parameters(symbol))
                }
                return
            } catch DeskError.notReady {
                try? await time.sleep(until: time.now().advanced(byNanoseconds: Nanoseconds.milliseconds(50)))
            } catch DeskError.storageUnavailable(let why) {
                Terminal.error("The example strategy could not be started: nothing can be stored now: \(why)")
                return
            } catch {
                Terminal.error("The example strategy could not be started: \(error)")
                return
            }
        }
    }

    private func show() async {
        guard let running = try? await desk.strategies(.status(.running)), let first = running.first,
            let inspection = try? await desk.inspect(first.key.description)
        else {
            Terminal.status("No strategy runs.")
            return
        }
        let pair = (try? JSONValue(first.parameters))?["pair"]
        let name = if case .string(let text)? = pair { text } else { symbol.description }
        let book = try? await desk.orderBook(exchange: "paper", symbol: name, limit: 1)
        Terminal.status(ServerStatusLine.text(inspection, book, others: running.count - 1))
    }
}

/// One line about a session: pair and mid, own bid and ask, inventory, fills, profit, markout.
enum ServerStatusLine {
    static func text(_ session: StrategyInspection, _ book: OrderBookView?, others: Int) -> String {
        let open = session.openOrders.filter { $0.status == "open" }
        let bid = open.filter { $0.side == .buy }.map(\.price).max()
        let ask = open.filter { $0.side == .sell }.map(\.price).min()
        var parts = [
            "\(book?.symbol ?? session.instance.key.description) \(mid(book))",
            "\(bid.map { "\($0)" } ?? "–") / \(ask.map { "\($0)" } ?? "–")",
            "inv \(Figures.signed(session.position, 4))", "\(session.fillCount) fills",
            "real \(Figures.signed(session.realizedPnL, 2))",
            "unreal \(Figures.signed(session.unrealizedPnL ?? .zero, 2))",
            "1s \(Figures.fixed(session.markout1sBasisPoints, 2)) bp",
        ]
        if session.state != .active { parts.append(session.state.wireName) }
        if let reason = session.reason { parts.append(reason) }
        if others > 0 { parts.append("+\(others) more") }
        return parts.joined(separator: " │ ")
    }

    private static func mid(_ book: OrderBookView?) -> String {
        guard let bid = book?.bids.first?.price, let ask = book?.asks.last?.price else { return "–" }
        return Figures.fixed(FixedDecimal(raw: (bid.raw + ask.raw) / 2), 2)
    }
}

/// In which order services end: the last to start is the first to stop.
enum ServiceOrder {
    /// The supervisor is told first, whatever else runs: orders come off before anything waits for a page check or for a client that
    /// takes its time.
    static func configurations(
        _ others: [any Service], pages: PageCheckService, supervisor: any Service
    ) -> [ServiceGroupConfiguration.ServiceConfiguration] {
        others.map { .init(service: $0) } + [pages.configured, .init(service: supervisor)]
    }
}
