public import Scheduling
import TradingCore

/// Asks from time to time what became of withdrawals that nobody answered, and how those that were sent ended, so that each
/// comes to its end whoever asks or does not: one that was stored and never sent, because the process died, included. In the
/// registry of schedules.
public struct WithdrawalFollower: Sendable {
    private let transfers: ExchangeTransfers
    private let alarms: AlarmClock
    private let time: any TimeSource

    static let interval = Nanoseconds.seconds(60)

    public init(_ transfers: ExchangeTransfers, alarms: AlarmClock, time: any TimeSource) {
        self.transfers = transfers
        self.alarms = alarms
        self.time = time
    }

    /// Goes on until the task is cancelled.
    public func run() async {
        let (rings, ring) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let alarm = alarms.alarm("exchange withdrawals: follow", worksElsewhere: true) { _ in ring.yield() }
        alarm.set(time.now())
        for await _ in rings {
            let began = time.now()
            alarm.works(since: began)
            let next = began.advanced(byNanoseconds: Self.interval)
            let faults = await transfers.follow()
            alarm.worked(since: began, failure: faults.isEmpty ? nil : faults.joined(separator: "; "))
            // From the beginning: an exchange that hung made this round longer, and is to make nobody else wait for the next.
            alarm.set(max(next, time.now()))
        }
        alarm.remove()
    }
}
