import Exchanges
import Foundation
import Logging
import Networking
import Scheduling
import TradingCore

/// The exchanges that the server trades on: the paper exchange, and every one that there is a key of.
struct LiveExchanges {
    let registry: ExchangeRegistry
    private let caller: HTTPCaller

    /// - Throws: ``BadInput`` naming what of the environment cannot be.
    init(fixed: [any ExchangeConnector], folder: String, time: any TimeSource, logger: Logger) throws {
        let caller = try HTTPCaller()
        let wires = Wires(
            time: time, webSockets: try WebSocketClient(), memory: FileMemory(path: folder + "/exchange-memory.json"),
            logger: logger, seed: UInt64.random(in: .min ... .max)
        ) { request, milliseconds throws(HTTPFailure) in
            try await caller.send(request, within: milliseconds)
        }
        self.caller = caller
        registry = ExchangeRegistry(fixed: fixed, wires)
        let (accounts, faults) = ExchangeAccountSettings.read(
            environment: ProcessInfo.processInfo.environment, exchanges: NativeExchange.allCases.map(\.id))
        guard faults.isEmpty else { throw BadInput(faults.joined(separator: "\nmrmarket: ")) }
        let problems = registry.refresh(accounts)
        guard problems.isEmpty else {
            throw BadInput(problems.map(\.description).joined(separator: "\nmrmarket: "))
        }
    }

    /// After the strategies have ended.
    func close() async {
        registry.close()
        await caller.shutdown()
    }
}
