import Foundation
import ServiceLifecycle
import Synchronization
import UnixSignals

/// Ctrl-C and SIGTERM, from the server's first moment on.
///
/// Until its services run there is nothing to end carefully: the process ends where it is, as it would by SIGKILL, and says so. From then on
/// they are told to stop.
final class EndingSignals: Sendable {
    private let signals: UnixSignalsSequence
    private let services = Mutex<ServiceGroup?>(nil)

    init() async { signals = await UnixSignalsSequence(trapping: .sigint, .sigterm) }

    func end(_ group: ServiceGroup) { services.withLock { $0 = group } }

    func follow() async {
        for await _ in signals {
            guard let group = services.withLock({ $0 }) else {
                Terminal.clearStatus()
                Terminal.error("Stopped before trading began: nothing was placed or cancelled.")
                _exit(0)
            }
            // One that is told before it runs starts and stops at once.
            await group.triggerGracefulShutdown()
        }
    }
}
