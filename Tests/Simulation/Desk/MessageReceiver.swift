import Jobs
import TradingCore

/// Acts on each message once: it has receipts. A process of its own, so its death is no answer to the sender.
struct MessageReceiver {
    let mutation: DeskMutation?

    func receive(_ message: OutboxMessage, _ world: SimulationWorld) throws {
        let now = world.now
        do {
            try world.transact("receive \(message.name)") { transaction in
                let effect = {
                    try DeskLog(transaction: transaction).add(
                        "applied", message.id, "\(message.lane)", message.number)
                }
                if mutation == .receiverWithoutReceipts { return try effect() }
                try Receipts(transaction: transaction).once(
                    consumer: "notices", key: message.id, content: String(decoding: message.payload, as: UTF8.self),
                    now: now, effect)
            }
        } catch is SimulatedCrash {
            world.note("  the receiver died")
            throw RequestTimedOut()
        } catch let error where isExpected(error) {
            world.note("  \(error)")
            throw RequestTimedOut()
        }
    }
}
