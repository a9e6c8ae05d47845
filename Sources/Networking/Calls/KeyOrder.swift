import Exchanges
import Synchronization

/// The order in which an exchange takes the calls of one key, where each needs a higher nonce than the one before: for all who
/// use the key from here, trading, checks of keys and transfers alike. Two that counted apart would send a smaller one later.
final class KeyOrder: Sendable {
    /// One call at a time, as two connections do not keep their order.
    let turnstile = Turnstile()
    private let nonces = Mutex(NonceSequence())

    /// The highest nonce used.
    var last: Int64 { nonces.withLock { $0.last } }

    func next(_ time: Int64) -> Int64 { nonces.withLock { $0.next(time) } }

    /// What comes next is above this.
    func raise(above last: Int64) { nonces.withLock { $0.raise(above: last) } }
}
