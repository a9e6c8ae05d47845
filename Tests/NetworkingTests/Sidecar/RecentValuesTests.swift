import Testing

@testable import Networking

/// What is kept of the latest, and no more.
@Suite struct RecentValuesTests {
    @Test func `the oldest gives way to the newest, by when it came first`() {
        var values = RecentValues<Int, String?>(limit: 3)
        func isNew(_ key: Int, _ value: String?) -> Bool { values.note(key, value) }
        for key in 1...3 { #expect(isNew(key, "\(key)")) }
        // A new value for one that is there makes nobody give way, and it no younger.
        #expect(!isNew(1, nil))
        #expect(values.contains(1) && values[1] == .some(nil))
        #expect(isNew(4, "4"))
        #expect(values.keySet == [2, 3, 4] && values[1] == nil)
        for key in 5...7 { values.note(key, "\(key)") }
        #expect(values.keySet == [5, 6, 7])
        #expect(isNew(1, "again") && values[1] == "again" && values.keySet == [1, 6, 7])
    }
}
