"""Plaza's pages."""

from urllib.parse import quote, urlsplit

from flask import Flask, Response, abort, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from staydown.client import Refused, Staydown

from .board import Board, Picture, State
from .post import BlockedError, NotPostedError, post
from .staydown_host import orders

PAGE_SIZE = 36
MAX_UPLOAD_BYTES = 20 * 1024 * 1024

GONE = "This picture is no longer here."
SENTENCES = {
    400: "Plaza did not understand this request.",
    403: "This is not allowed.",
    404: "There is nothing at this address.",
    405: "This address cannot be used in this way.",
    410: GONE,
    413: "This file is too large. A picture may have up to 20 MB.",
    500: "Something went wrong on our side. Please try again in a moment.",
}
#: Nothing but our own style sheet, pictures and forms: a title cannot smuggle in a script.
CONTENT_POLICY = (
    "default-src 'none'; img-src 'self'; style-src 'self'; form-action 'self';"
    " base-uri 'none'; frame-ancestors 'none'"
)


def create_app(board: Board, staydown: Staydown, *, url: str, staydown_public_url: str) -> Flask:
    """Plaza, known to the world as *url*; people reach Staydown at *staydown_public_url*."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_UPLOAD_BYTES + 64 * 1024
    app.config["TRUSTED_HOSTS"] = [urlsplit(url).hostname or "", "127.0.0.1", "localhost"]
    app.jinja_env.globals["report_url"] = f"{staydown_public_url}/report/"
    app.register_blueprint(orders(board, staydown, url=url))

    @app.get("/")
    def front() -> str:
        page = min(max(1, request.args.get("page", 1, type=int)), 10_000)
        found = board.public(limit=PAGE_SIZE + 1, skip=(page - 1) * PAGE_SIZE)
        return render_template(
            "front.html", pictures=found[:PAGE_SIZE], page=page, more=len(found) > PAGE_SIZE
        )

    @app.get("/p/<picture_id>")
    def picture_page(picture_id: str) -> str:
        picture = _shown(board, picture_id)
        report = f"{staydown_public_url}/report/?url={quote(f'{url}/p/{picture.id}', safe='')}"
        return render_template("picture.html", picture=picture, report_this=report)

    @app.get("/media/<picture_id>.<extension>")
    def media(picture_id: str, extension: str) -> Response:
        if staydown.is_looking(url=f"{url}{request.path}", headers=dict(request.headers)):
            picture = _taken_down(board, picture_id)
        else:
            picture = _shown(board, picture_id)
        if extension != picture.extension:
            abort(404)
        file = board.bytes_of(picture)
        if file is None:
            abort(410)
        kind = "jpeg" if extension == "jpg" else extension
        return Response(file, content_type=f"image/{kind}")

    @app.post("/p/<picture_id>/delete")
    def delete(picture_id: str) -> ResponseReturnValue:
        picture = _shown(board, picture_id)
        board.delete(picture)
        return redirect(url_for("mine", uploader=picture.uploader), 303)

    @app.get("/upload")
    def upload_form() -> str:
        return render_template("upload.html", problem=None, title="", name="")

    @app.post("/upload")
    def upload() -> ResponseReturnValue:
        title, name = request.form.get("title", ""), request.form.get("name", "")
        sent = request.files.get("file")
        try:
            picture = post(
                board,
                staydown,
                file=sent.read() if sent else b"",
                title=title,
                uploader=name,
                url=url,
            )
        except (NotPostedError, Refused) as error:
            status = 403 if isinstance(error, BlockedError) else 422
            if _wants_json():
                return jsonify(error=str(error)), status
            page = render_template("upload.html", problem=str(error), title=title, name=name)
            return page, status
        held = picture.state != State.PUBLIC
        if _wants_json():
            return _as_json(picture, url), 202 if held else 201
        if held:
            return render_template("held.html", picture=picture), 202
        return redirect(url_for("picture_page", picture_id=picture.id), 303)

    @app.get("/me")
    def who() -> ResponseReturnValue:
        if name := request.args.get("name", "").strip():
            return redirect(url_for("mine", uploader=name), 303)
        return render_template("who.html")

    @app.get("/me/<uploader>")
    def mine(uploader: str) -> str:
        return render_template("mine.html", uploader=uploader, pictures=board.of(uploader))

    @app.get("/healthz")
    def health() -> ResponseReturnValue:
        return jsonify(status="ok", unregistered=board.unregistered())

    @app.before_request
    def refuse_other_sites_forms() -> None:
        origin = request.headers.get("Origin")
        if request.method == "POST" and origin and urlsplit(origin).netloc != request.host:
            abort(403)

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = CONTENT_POLICY
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        if request.endpoint != "static":
            # A removal takes effect at once, in every browser and proxy.
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def refusal(error: HTTPException) -> ResponseReturnValue:
        status = error.code or 500
        sentence = SENTENCES.get(status, SENTENCES[400])
        if _wants_json():
            return jsonify(error=sentence), status
        return render_template("refusal.html", sentence=sentence), status

    return app


def _shown(board: Board, picture_id: str) -> Picture:
    """The public picture of this id; others are gone, or not (yet) anyone's to see."""
    picture = board.picture(picture_id)
    if picture is None or picture.state in (State.HELD, State.DECLINED, State.REFUSED):
        abort(404)
    if picture.state != State.PUBLIC:
        abort(410)
    return picture


def _taken_down(board: Board, picture_id: str) -> Picture:
    """The picture of this id for a moderator at Staydown: public, or removed by their order."""
    picture = board.picture(picture_id)
    if picture is None or picture.state not in (State.PUBLIC, State.REMOVED):
        abort(404)
    return picture


def _as_json(picture: Picture, url: str) -> Response:
    return jsonify(
        id=picture.id,
        state=picture.state,
        url=f"{url}/p/{picture.id}",
        media_url=f"{url}/media/{picture.file_name}",
    )


def _wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", "application/json"])
    return best == "application/json"
