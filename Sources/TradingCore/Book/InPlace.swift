import Synchronization

/// As a stored property, makes a noncopyable value be borrowed by its address.
///
/// Swift loads a value whole to borrow it, however large, unless its type cannot be loaded. An atomic cannot. Measured:
/// a quarter of a backtest went into copying books and engines to the stack to read one field of them.
public struct InPlace: ~Copyable, Sendable {
    private let marker = Atomic<Bool>(false)

    public init() {}
}
