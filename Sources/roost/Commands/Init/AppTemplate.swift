/// What `roost init` writes: small, and every line of it works.
enum AppTemplate {
  static let files: [(path: String, text: String)] = [
    ("roost.yaml", configuration),
    ("collections/posts.json", posts),
    ("collections/summaries.json", summaries),
    ("functions/on-post.js", function),
    ("functions/on-post.json", manifest),
    ("seed.ndjson", seed),
  ]

  static func nextSteps(folder: String) -> String {
    let enter = folder == "." ? "" : "  cd \(folder)\n"
    return """
      Made an app in \(folder). With a server running and `roost login` done:
      \(enter)  roost rules test
        roost collections put posts collections/posts.json
        roost collections put summaries collections/summaries.json
        roost functions deploy functions/
        roost documents import posts seed.ndjson
        roost functions logs on-post
      """
  }

  private static let configuration = """
    # The app: its collections, and tests of their rules. `roost rules test` runs the tests, without a server.
    # `roost plan` and `roost apply` are to come; until then `roost collections put` takes the same rules from collections/*.json.

    collections:
      posts:
        rules:
          read: "published || author == auth.id"
          create: "auth != null && incoming.author == auth.id"
          update: "author == auth.id && incoming.author == author"
          delete: "author == auth.id"
        indexes:
          - fields: [author, -createdAt]
      summaries: # written by functions/on-post.js, which passes all rules
        rules:
          read: "true"

    tests:
      - name: a stranger reads what is published
        collection: posts
        operation: read
        auth: null
        document: { author: ada, published: true }
        expect: allow
      - name: a stranger does not see drafts
        collection: posts
        operation: read
        auth: null
        document: { author: ada, published: false }
        expect: deny
      - name: authors see their own drafts
        collection: posts
        operation: read
        auth: { id: ada }
        document: { author: ada, published: false }
        expect: allow
      - name: nobody posts in another's name
        collection: posts
        operation: create
        auth: { id: ben }
        incoming: { author: ada, title: Forged }
        expect: deny
      - name: a post is not given away
        collection: posts
        operation: update
        auth: { id: ada }
        document: { author: ada, title: Mine }
        incoming: { author: ben, title: Mine }
        expect: deny
      - name: authors delete their own
        collection: posts
        operation: delete
        auth: { id: ada }
        document: { author: ada }
        expect: allow
      - name: nobody but the function writes summaries
        collection: summaries
        operation: create
        auth: { id: ada }
        incoming: { words: 3 }
        expect: deny

    # functions:
    #   on-post:                      # roost functions deploy functions/
    #     on: [document.created, document.updated]
    #     collection: posts
    #     where: "published"
    #     timeout: 10s
    #     retries: 5

    """

  private static let posts = """
    {
      "rules": {
        "read": "published || author == auth.id",
        "create": "auth != null && incoming.author == auth.id",
        "update": "author == auth.id && incoming.author == author",
        "delete": "author == auth.id"
      },
      "indexes": [{ "fields": ["author", "-createdAt"] }]
    }

    """

  private static let summaries = """
    {
      "rules": { "read": "true" }
    }

    """

  private static let function = """
    // Runs after a post was created or updated (see on-post.json), and keeps a short form of it in another collection.
    // An event may come more than once: this writes the same document again, so nothing is counted twice.
    export default async function (event, { db, log }) {
      const post = event.data.after;
      const text = post.text ?? "";
      await db.collection("summaries").put(post.id, {
        title: post.title,
        author: post.author,
        words: text.split(/\\s+/).filter(Boolean).length,
        beginning: text.slice(0, 100),
      });
      log.info("summed up", post.id, post.title);
    }

    """

  private static let manifest = """
    {
      "triggers": [{ "collection": "posts", "events": ["created", "updated"], "where": "published" }],
      "timeout": "10s",
      "retry": { "attempts": 5, "backoff": "1s" }
    }

    """

  private static let seed = """
    {"id": "welcome", "title": "Welcome", "text": "This post came from seed.ndjson.", "author": "nobody", "published": true}
    {"id": "rules", "title": "Rules", "text": "Everybody reads what is published; each person writes in their own name.", "author": "nobody", "published": true}
    {"id": "draft", "title": "A draft", "text": "Only its author sees this.", "author": "nobody", "published": false}

    """
}
