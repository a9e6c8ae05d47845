/// What is wrong with the tags of a page, as far as a page of ours can go wrong.
enum MarkupCheck {
    private static let voidElements: Set<Substring> = ["meta"]

    /// - Returns: one line for each tag that is not closed, closed twice or not closed in order, and for each value that
    ///   is no markup. Empty for a good page.
    static func faults(_ page: String) -> [String] {
        var faults: [String] = []
        var open: [Substring] = []
        var rest = page[...]
        if !page.hasPrefix("<!DOCTYPE html>\n") { faults.append("no doctype") }
        rest = rest.dropFirst(15)
        while let start = rest.firstIndex(of: "<") {
            guard let end = rest[start...].firstIndex(of: ">") else {
                faults.append("a tag without end")
                break
            }
            let tag = rest[rest.index(after: start)..<end]
            let name = tag.prefix { $0 != " " && $0 != "/" }
            if tag.count(where: { $0 == "\"" }) % 2 != 0 || tag.contains("<") { faults.append("<\(tag)>") }
            if tag.hasPrefix("/") {
                if open.popLast() != tag.dropFirst() { faults.append("<\(tag)>") }
            } else if !tag.hasSuffix("/"), !voidElements.contains(name) {
                open.append(name)
            }
            rest = rest[rest.index(after: end)...]
        }
        faults += open.map { "<\($0)> stays open" }
        for slip in ["nan\"", "nan%", "inf%", "Sequence<", "Optional(", "--", "&amp;amp;"] where page.contains(slip) {
            // Custom properties of the style sheet begin with two dashes.
            if slip != "--" || body(page).contains(slip) { faults.append(slip) }
        }
        return faults
    }

    static func body(_ page: String) -> Substring {
        page.firstRange(of: "<body>").map { page[$0.lowerBound...] } ?? ""
    }
}
