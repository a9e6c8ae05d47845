import TradingCore

/// Values by names as they stand in frames: found by a name's bytes, so that no text has to be made of them for each frame.
/// Kept in the order they were added; a place, once given, stays.
struct NameTable<Value: Sendable>: Sendable {
    private(set) var names: [String] = []
    var values: [Value] = []
    /// The names' bytes one after another, and where each starts; the last start is the end.
    private var letters: [UInt8] = []
    private var starts: [Int] = [0]
    /// By hash, the place and one more, 0 where there is none. A power of two, never more than half full.
    private var slots: [Int32] = []

    /// Adds a value, or takes the place of the one with the same name.
    /// - Returns: its place.
    @discardableResult
    mutating func add(_ name: String, _ value: Value) -> Int {
        if let place = place(of: name) {
            values[place] = value
            return place
        }
        names.append(name)
        values.append(value)
        letters += name.utf8
        starts.append(letters.count)
        if 2 * names.count > slots.count { rebuild() } else { insert(names.count - 1) }
        return names.count - 1
    }

    // MARK: - Finding

    func place(of name: UnsafeRawBufferPointer) -> Int? {
        guard !slots.isEmpty else { return nil }
        let mask = slots.count &- 1
        var slot = Self.hash(name) & mask
        while true {
            let place = Int(slots[slot]) &- 1
            if place < 0 { return nil }
            if isName(name, at: place) { return place }
            slot = (slot &+ 1) & mask
        }
    }

    func place(of name: String) -> Int? {
        var name = name
        return name.withUTF8 { place(of: UnsafeRawBufferPointer($0)) }
    }

    /// - Parameter text: what the scanner found; one that is spelled with escapes is resolved first.
    func place(of text: JSONScanner.Text, in scanner: JSONScanner) -> Int? {
        guard text.hasEscapes else { return place(of: scanner.content(of: text)) }
        return (try? scanner.unescaped(text)).flatMap { place(of: $0) }
    }

    // MARK: - Hashing

    /// Names are an exchange's, a few thousand at most: the hash need not withstand somebody who makes them up.
    private static func hash(_ name: UnsafeRawBufferPointer) -> Int {
        let factor: UInt64 = 0x9E37_79B9_7F4A_7C15
        var hash = UInt64(truncatingIfNeeded: name.count)
        var index = 0
        while index &+ 8 <= name.count {
            hash = (hash ^ name.loadUnaligned(fromByteOffset: index, as: UInt64.self)) &* factor
            hash ^= hash >> 29
            index &+= 8
        }
        var rest: UInt64 = 0
        while index < name.count {
            rest = rest << 8 | UInt64(name[index])
            index &+= 1
        }
        hash = (hash ^ rest) &* factor
        return Int(truncatingIfNeeded: hash >> 33)
    }

    private func isName(_ name: UnsafeRawBufferPointer, at place: Int) -> Bool {
        let start = starts[place]
        guard starts[place &+ 1] &- start == name.count else { return false }
        return letters.withUnsafeBytes { letters in
            var index = 0
            while index &+ 8 <= name.count {
                let word = letters.loadUnaligned(fromByteOffset: start &+ index, as: UInt64.self)
                if word != name.loadUnaligned(fromByteOffset: index, as: UInt64.self) { return false }
                index &+= 8
            }
            while index < name.count {
                if letters[start &+ index] != name[index] { return false }
                index &+= 1
            }
            return true
        }
    }

    private mutating func insert(_ place: Int) {
        let mask = slots.count - 1
        var slot = letters.withUnsafeBytes { letters in
            Self.hash(UnsafeRawBufferPointer(rebasing: letters[starts[place]..<starts[place + 1]])) & mask
        }
        while slots[slot] != 0 { slot = (slot + 1) & mask }
        slots[slot] = Int32(place + 1)
    }

    private mutating func rebuild() {
        slots = [Int32](repeating: 0, count: max(8, 2 * slots.count))
        for place in names.indices { insert(place) }
    }
}
