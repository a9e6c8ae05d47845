/// Our name for an order, made before it is sent, by which its fate can always be asked.
///
/// A number below 2⁴⁵, so that every exchange's limit on client ids can hold it (Bitfinex allows 45 bits, the tightest).
/// From the top: 6 bits installation, 13 bits session, 26 bits sequence. Each connector renders it its own way.
public struct ClientOrderID: Hashable, Comparable, Sendable, CustomStringConvertible {
    public static let installationBits = 6
    public static let sessionBits = 13
    public static let sequenceBits = 26

    public let rawValue: UInt64

    /// - Returns: nil for a number that no server of ours could have made.
    @inlinable
    public init?(rawValue: UInt64) {
        guard rawValue < 1 << 45 else { return nil }
        self.rawValue = rawValue
    }

    @inlinable
    init(unchecked rawValue: UInt64) {
        self.rawValue = rawValue
    }

    public var installation: InstallationID {
        InstallationID(unchecked: UInt8(rawValue >> UInt64(Self.sessionBits + Self.sequenceBits)))
    }

    public var session: SessionID {
        SessionID(unchecked: UInt16((rawValue >> UInt64(Self.sequenceBits)) & ((1 << UInt64(Self.sessionBits)) - 1)))
    }

    public var sequence: UInt32 { UInt32(rawValue & ((1 << UInt64(Self.sequenceBits)) - 1)) }

    public var description: String { String(rawValue) }

    @inlinable
    public static func < (left: ClientOrderID, right: ClientOrderID) -> Bool { left.rawValue < right.rawValue }
}

/// Which database made an order, one of 64: too few to tell them apart, which ``OrderMark`` does with a tag.
public struct InstallationID: Hashable, Sendable {
    public let rawValue: UInt8

    public static let first = InstallationID(unchecked: 0)

    public init?(_ rawValue: UInt8) {
        guard rawValue < 1 << UInt8(ClientOrderID.installationBits) else { return nil }
        self.rawValue = rawValue
    }

    init(unchecked rawValue: UInt8) {
        self.rawValue = rawValue
    }
}

/// Which of up to 8192 sessions of an installation made an order.
public struct SessionID: Hashable, Comparable, Sendable {
    public let rawValue: UInt16

    public static let first = SessionID(unchecked: 0)

    public init?(_ rawValue: UInt16) {
        guard rawValue < 1 << UInt16(ClientOrderID.sessionBits) else { return nil }
        self.rawValue = rawValue
    }

    init(unchecked rawValue: UInt16) {
        self.rawValue = rawValue
    }

    public static func < (left: SessionID, right: SessionID) -> Bool { left.rawValue < right.rawValue }
}

/// Hands out the client order ids of one session, each once.
public struct ClientOrderIDSource: Sendable {
    @usableFromInline let prefix: UInt64
    /// The first id that is ours: those before it under the same number were another session's.
    @usableFromInline let lowest: UInt64
    /// The sequence number that the next id will carry.
    public internal(set) var nextSequence: UInt32

    /// - Parameters:
    ///   - firstSequence: where the session began; lower ones of the number are an earlier holder's.
    ///   - nextSequence: one past the highest ever used, as stored; 0 for a new session.
    public init(
        installation: InstallationID, session: SessionID, firstSequence: UInt32 = 0, nextSequence: UInt32 = 0
    ) {
        prefix =
            UInt64(installation.rawValue) << UInt64(ClientOrderID.sessionBits + ClientOrderID.sequenceBits)
            | UInt64(session.rawValue) << UInt64(ClientOrderID.sequenceBits)
        lowest = prefix + UInt64(firstSequence)
        self.nextSequence = nextSequence
    }

    /// - Returns: nil when the session has used its 2²⁶ ids and needs a new session number.
    public mutating func next() -> ClientOrderID? {
        guard nextSequence < 1 << UInt32(ClientOrderID.sequenceBits) else { return nil }
        defer { nextSequence += 1 }
        return ClientOrderID(unchecked: prefix | UInt64(nextSequence))
    }

    /// Gives the id just made back, as nothing was ever sent or stored under it.
    public mutating func takeBack(_ id: ClientOrderID) {
        if id.sequence + 1 == nextSequence, made(id) { nextSequence -= 1 }
    }

    /// Whether both number under the same installation and session.
    public func hasPrefix(of other: ClientOrderIDSource) -> Bool { prefix == other.prefix }

    /// Whether this session made `id`.
    @inlinable
    public func made(_ id: ClientOrderID) -> Bool {
        // The prefix ends in as many zeros as a sequence number has bits: an id of another installation or session lies
        // outside the range.
        id.rawValue >= lowest && id.rawValue < prefix + UInt64(nextSequence)
    }
}

extension ClientOrderID: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let id = ClientOrderID(rawValue: try container.decode(UInt64.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "a client order id is below 2^45")
        }
        self = id
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}
