import Foundation
import HTTPTypes
import Hummingbird

/// Swagger UI at `/docs`, and the document it shows. The assets come from a folder that set-up fills; without it the page
/// says so and the document is there all the same.
struct DocumentationRoutes {
    let document: OpenAPIDocument
    let assets: String?

    private static let files = [
        "swagger-ui.css": "text/css; charset=utf-8", "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
        "swagger-ui-standalone-preset.js": "text/javascript; charset=utf-8", "favicon-32x32.png": "image/png",
    ]

    func add(to router: Router<AppRequestContext>) {
        let tree = document.tree
        let (json, yaml) = (tree.json, tree.yaml)
        router.get("/docs-json") { _, _ in Response.text(.ok, json, type: "application/json; charset=utf-8") }
        router.get("/docs-yaml") { _, _ in Response.text(.ok, yaml, type: "text/yaml; charset=utf-8") }
        router.get("/docs") { _, _ in Response.text(.ok, page, type: "text/html; charset=utf-8") }
        for (name, type) in Self.files.sorted(by: { $0.key < $1.key }) {
            router.get("/docs/\(RouterPath(name))") { _, _ in try asset(name, type) }
        }
    }

    private func asset(_ name: String, _ type: String) throws -> Response {
        guard let assets, let data = FileManager.default.contents(atPath: assets + "/" + name) else {
            throw APIError.typed(404, "\(name) is not installed")
        }
        return Response(
            status: .ok, headers: [.contentType: type], body: .init(byteBuffer: .init(bytes: data)))
    }

    private var isInstalled: Bool {
        guard let assets else { return false }
        return FileManager.default.fileExists(atPath: assets + "/swagger-ui-bundle.js")
    }

    private var page: String {
        guard isInstalled else {
            return """
                <!doctype html><title>API</title><h1>Swagger UI is not installed</h1>
                <p>Scripts/setup-swagger.sh installs it. The description itself: <a href="/docs-json">JSON</a>,
                <a href="/docs-yaml">YAML</a>.</p>
                """
        }
        return """
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <title>Mixin Doc backend API</title>
            <link rel="stylesheet" href="/docs/swagger-ui.css">
            <link rel="icon" href="/docs/favicon-32x32.png">
            </head>
            <body>
            <div id="swagger-ui"></div>
            <script src="/docs/swagger-ui-bundle.js"></script>
            <script src="/docs/swagger-ui-standalone-preset.js"></script>
            <script>
            window.ui = SwaggerUIBundle({
                url: "/docs-json", dom_id: "#swagger-ui", deepLinking: true, persistAuthorization: true,
                presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset], layout: "StandaloneLayout",
            });
            </script>
            </body>
            </html>
            """
    }
}
