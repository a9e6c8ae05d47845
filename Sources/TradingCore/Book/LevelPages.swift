/// A sparse map from tick to a positive quantity, with the next occupied tick in either direction by bit scans.
@usableFromInline
struct LevelPages: ~Copyable {
    /// Page number `firstPage + i` lives in slot `directory[i] - 1`; 0 is no page. `capacity` entries.
    @usableFromInline var directory: UnsafeMutablePointer<Int32>
    /// One bit per directory entry.
    @usableFromInline var occupiedPages: UnsafeMutablePointer<UInt64>
    /// One bit per word of `occupiedPages`.
    @usableFromInline var occupiedWords: UnsafeMutablePointer<UInt64>
    @usableFromInline var firstPage: Int64 = 0
    /// Multiple of 4096, so that all three arrays are whole.
    @usableFromInline var capacity = 0

    /// 64 quantities per slot.
    @usableFromInline var quantities: UnsafeMutablePointer<Int64>
    /// One bit per quantity of a slot.
    @usableFromInline var occupiedTicks: UnsafeMutablePointer<UInt64>
    @usableFromInline var slotCapacity: Int
    @usableFromInline var slotCount = 0
    /// Head of the list of emptied slots, linked through their first quantity; -1 is none.
    @usableFromInline var freeSlot = -1

    init() {
        slotCapacity = 16
        quantities = .allocate(capacity: slotCapacity * 64)
        occupiedTicks = .allocate(capacity: slotCapacity)
        directory = .allocate(capacity: 1)
        occupiedPages = .allocate(capacity: 1)
        occupiedWords = .allocate(capacity: 1)
    }

    @inlinable
    deinit {
        quantities.deallocate()
        occupiedTicks.deallocate()
        directory.deallocate()
        occupiedPages.deallocate()
        occupiedWords.deallocate()
    }

    @inlinable
    func lots(at ticks: Int64) -> Int64 {
        let page = Int(truncatingIfNeeded: (ticks >> 6) &- firstPage)
        guard UInt(bitPattern: page) < UInt(bitPattern: capacity) else { return 0 }
        let slot = Int(directory[page])
        guard slot != 0 else { return 0 }
        return quantities[(slot &- 1) << 6 | Int(truncatingIfNeeded: ticks & 63)]
    }

    /// - Returns: the quantity before.
    @inlinable @inline(__always)
    mutating func set(_ ticks: Int64, lots: Int64) -> Int64 {
        var page = Int(truncatingIfNeeded: (ticks >> 6) &- firstPage)
        if UInt(bitPattern: page) >= UInt(bitPattern: capacity) {
            if lots == 0 { return 0 }
            reach(page: ticks >> 6)
            page = Int(truncatingIfNeeded: (ticks >> 6) &- firstPage)
        }
        var slot = Int(directory[page]) &- 1
        if slot < 0 {
            if lots == 0 { return 0 }
            slot = openSlot(for: page)
        }
        let bit = Int(truncatingIfNeeded: ticks & 63)
        let cell = quantities + (slot << 6 | bit)
        let previous = cell.pointee
        cell.pointee = lots
        let mask: UInt64 = 1 &<< UInt64(truncatingIfNeeded: bit)
        let others = occupiedTicks[slot] & ~mask
        // Without a branch but for the page that empties, which is rare.
        occupiedTicks[slot] = others | (lots == 0 ? 0 : mask)
        if others == 0, lots == 0, previous != 0 { closeSlot(slot, page: page) }
        return previous
    }

    // MARK: - Neighbours

    @inlinable
    func lowest(above ticks: Int64) -> Int64? {
        if ticks == .max { return nil }
        let start = ticks &+ 1
        let page = Int(truncatingIfNeeded: max((start >> 6) &- firstPage, -1))
        if page >= capacity { return nil }
        if page >= 0 {
            let slot = Int(directory[page]) &- 1
            if slot >= 0 {
                let rest = occupiedTicks[slot] & (~0 &<< UInt64(truncatingIfNeeded: start & 63))
                if rest != 0 { return tick(page: page, bit: rest.trailingZeroBitCount) }
            }
        }
        guard let next = firstOccupiedPage(from: page + 1) else { return nil }
        return tick(page: next, bit: occupiedTicks[Int(directory[next]) &- 1].trailingZeroBitCount)
    }

    @inlinable
    func highest(below ticks: Int64) -> Int64? {
        if capacity == 0 { return nil }
        let start = ticks &- 1
        let page = Int(truncatingIfNeeded: min((start >> 6) &- firstPage, Int64(capacity)))
        if page < 0 { return nil }
        if page < capacity {
            let slot = Int(directory[page]) &- 1
            if slot >= 0 {
                let rest = occupiedTicks[slot] & (~0 &>> UInt64(truncatingIfNeeded: 63 &- (start & 63)))
                if rest != 0 { return tick(page: page, bit: 63 &- rest.leadingZeroBitCount) }
            }
        }
        guard let previous = lastOccupiedPage(upTo: page - 1) else { return nil }
        return tick(page: previous, bit: 63 &- occupiedTicks[Int(directory[previous]) &- 1].leadingZeroBitCount)
    }

    @inlinable
    func tick(page: Int, bit: Int) -> Int64 { (firstPage &+ Int64(page)) << 6 | Int64(bit) }

    @usableFromInline
    func firstOccupiedPage(from page: Int) -> Int? {
        guard page < capacity else { return nil }
        var word = page >> 6
        let rest = occupiedPages[word] & (~0 << UInt64(page & 63))
        if rest != 0 { return word << 6 | rest.trailingZeroBitCount }
        word += 1
        var group = word >> 6
        let groups = capacity >> 12
        guard group < groups else { return nil }
        var words = occupiedWords[group] & (~0 << UInt64(word & 63))
        while words == 0 {
            group += 1
            guard group < groups else { return nil }
            words = occupiedWords[group]
        }
        word = group << 6 | words.trailingZeroBitCount
        return word << 6 | occupiedPages[word].trailingZeroBitCount
    }

    @usableFromInline
    func lastOccupiedPage(upTo page: Int) -> Int? {
        guard page >= 0 else { return nil }
        var word = page >> 6
        let rest = occupiedPages[word] & (~0 >> UInt64(63 - (page & 63)))
        if rest != 0 { return word << 6 | (63 - rest.leadingZeroBitCount) }
        word -= 1
        guard word >= 0 else { return nil }
        var group = word >> 6
        var words = occupiedWords[group] & (~0 >> UInt64(63 - (word & 63)))
        while words == 0 {
            group -= 1
            guard group >= 0 else { return nil }
            words = occupiedWords[group]
        }
        word = group << 6 | (63 - words.leadingZeroBitCount)
        return word << 6 | (63 - occupiedPages[word].leadingZeroBitCount)
    }

    // MARK: - Growing

    @usableFromInline
    mutating func openSlot(for page: Int) -> Int {
        let slot: Int
        if freeSlot >= 0 {
            slot = freeSlot
            freeSlot = Int(quantities[slot << 6]) - 1
            quantities[slot << 6] = 0
        } else {
            if slotCount == slotCapacity { growSlots() }
            slot = slotCount
            slotCount += 1
            (quantities + (slot << 6)).update(repeating: 0, count: 64)
            occupiedTicks[slot] = 0
        }
        directory[page] = Int32(slot + 1)
        occupiedPages[page >> 6] |= 1 << UInt64(page & 63)
        occupiedWords[page >> 12] |= 1 << UInt64((page >> 6) & 63)
        return slot
    }

    @usableFromInline
    mutating func closeSlot(_ slot: Int, page: Int) {
        quantities[slot << 6] = Int64(freeSlot + 1)
        freeSlot = slot
        directory[page] = 0
        occupiedPages[page >> 6] &= ~(1 << UInt64(page & 63))
        if occupiedPages[page >> 6] == 0 { occupiedWords[page >> 12] &= ~(1 << UInt64((page >> 6) & 63)) }
    }

    private mutating func growSlots() {
        let capacity = slotCapacity * 2
        let quantities = UnsafeMutablePointer<Int64>.allocate(capacity: capacity * 64)
        quantities.update(from: self.quantities, count: slotCount * 64)
        let occupied = UnsafeMutablePointer<UInt64>.allocate(capacity: capacity)
        occupied.update(from: occupiedTicks, count: slotCount)
        self.quantities.deallocate()
        occupiedTicks.deallocate()
        self.quantities = quantities
        occupiedTicks = occupied
        slotCapacity = capacity
    }

    /// Widens the directory until it covers `page`.
    @usableFromInline
    mutating func reach(page: Int64) {
        let block: Int64 = 4_096
        let (oldFirst, oldCapacity) = (firstPage, capacity)
        let low = oldCapacity == 0 ? page : min(page, oldFirst)
        let high = oldCapacity == 0 ? page + 1 : max(page + 1, oldFirst + Int64(oldCapacity))
        let first = low / block * block
        let newCapacity = Int((high - first + block - 1) / block * block)
        let newDirectory = UnsafeMutablePointer<Int32>.allocate(capacity: newCapacity)
        newDirectory.initialize(repeating: 0, count: newCapacity)
        let newPages = UnsafeMutablePointer<UInt64>.allocate(capacity: newCapacity >> 6)
        newPages.initialize(repeating: 0, count: newCapacity >> 6)
        let newWords = UnsafeMutablePointer<UInt64>.allocate(capacity: newCapacity >> 12)
        newWords.initialize(repeating: 0, count: newCapacity >> 12)
        let shift = Int(oldFirst - first)
        if oldCapacity > 0 {
            (newDirectory + shift).update(from: directory, count: oldCapacity)
            (newPages + (shift >> 6)).update(from: occupiedPages, count: oldCapacity >> 6)
            (newWords + (shift >> 12)).update(from: occupiedWords, count: oldCapacity >> 12)
        }
        directory.deallocate()
        occupiedPages.deallocate()
        occupiedWords.deallocate()
        (directory, occupiedPages, occupiedWords) = (newDirectory, newPages, newWords)
        (firstPage, capacity) = (first, newCapacity)
    }

    /// Touches only the pages that are there: a feed that sends its book whole empties it with every message.
    mutating func removeAll() {
        slotCount = 0
        freeSlot = -1
        for group in 0..<capacity >> 12 {
            while occupiedWords[group] != 0 {
                let word = group << 6 | occupiedWords[group].trailingZeroBitCount
                while occupiedPages[word] != 0 {
                    directory[word << 6 | occupiedPages[word].trailingZeroBitCount] = 0
                    occupiedPages[word] &= occupiedPages[word] &- 1
                }
                occupiedWords[group] &= occupiedWords[group] &- 1
            }
        }
    }
}
