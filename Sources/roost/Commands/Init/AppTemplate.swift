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
      \(enter)  roost collections put posts collections/posts.json
        roost collections put summaries collections/summaries.json
        roost functions deploy functions/
        roost documents import posts seed.ndjson
        roost functions logs on-post
      """
  }

  private static let configuration = """
    # The app as a whole. This version of Roost does not read this file yet (`roost plan` and `roost apply` are to come): what stands
    # here is a comment, with the command that does the same today.

    # collections:
    #   posts:                        # roost collections put posts collections/posts.json
    #     rules:
    #       read: "published || author == auth.id"
    #       create: "auth != null && incoming.author == auth.id"
    #       update: "author == auth.id && incoming.author == author"
    #       delete: "author == auth.id"
    #     indexes:
    #       - fields: [author, -createdAt]
    #   summaries:                    # roost collections put summaries collections/summaries.json
    #     rules:
    #       read: "true"

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
