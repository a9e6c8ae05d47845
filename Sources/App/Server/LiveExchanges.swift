import Exchanges
import Foundation
import Logging
import Networking
import Scheduling
import TradingCore

/// The exchanges that the server trades on: the paper exchange, and every one that there is a key of.
struct LiveExchanges {
    let registry: BridgedExchanges
    let caller: HTTPCaller
    /// For all who talk to exchanges.
    let manners = MannersBook()

    init(
        fixed: [any ExchangeConnector], sidecar: SidecarServices, folder: String, orderMark: OrderMark,
        time: any TimeSource, schedules: ScheduleRegistry, logger: Logger
    ) throws {
        let caller = try HTTPCaller()
        let wires = Wires(
            time: time, webSockets: try WebSocketClient(), memory: FileMemory(path: folder + "/exchange-memory.json"),
            logger: logger, seed: UInt64.random(in: .min ... .max), orderMark: orderMark,
            manners: manners, registry: schedules
        ) { request, milliseconds throws(HTTPFailure) in
            try await caller.send(request, within: milliseconds)
        }
        self.caller = caller
        registry = BridgedExchanges(
            native: ExchangeRegistry(fixed: fixed, wires), client: sidecar.client, absence: sidecar.absence,
            orderTag: orderMark.tag, time: time, logger: logger)
    }

    /// After the strategies have ended.
    /// - Parameter isClean: nothing of theirs rests any more, by the exchanges' word: dead man's switches are disarmed. Else they
    ///   stay armed, and fire.
    func close(isClean: Bool) async {
        if isClean { await registry.standDown() } else { registry.close() }
        await caller.shutdown()
    }
}
