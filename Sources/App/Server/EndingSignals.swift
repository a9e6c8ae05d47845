import Foundation
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Ctrl-C and SIGTERM, from the server's first moment on.
///
/// Until its services run there is nothing to end carefully: the process ends where it is, as it would by SIGKILL, and says so. From then on
/// they are told to stop; told twice, clients are waited for no longer than it takes to get the orders off.
final class EndingSignals: Sendable {
    private let signals: UnixSignalsSequence
    private let services = Mutex<(group: ServiceGroup, drain: ClientDrain)?>(nil)

    init() async { signals = await UnixSignalsSequence(trapping: .sigint, .sigterm) }

    func end(_ group: ServiceGroup, _ drain: ClientDrain) { services.withLock { $0 = (group, drain) } }

    func follow() async {
        var isTold = false
        for await _ in signals {
            guard let (group, drain) = services.withLock({ $0 }) else {
                Terminal.clearStatus()
                EarlySignals.end()
            }
            if isTold { drain.hurry() }
            isTold = true
            // One that is told before it runs starts and stops at once.
            await group.triggerGracefulShutdown()
        }
    }
}
