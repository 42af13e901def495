"""Every page's address."""

from django.urls import path
from django.views.i18n import set_language

from staydown_server.web import desk, receipt, report, sign_in, status, uploader, uploads

app_name = "web"

urlpatterns = [
    path("", report.home, name="home"),
    path("leave/", report.leave_quickly, name="leave_quickly"),
    path("report/", report.report, name="report"),
    path("report/received/", receipt.received, name="received"),
    path("report/received/code.txt", receipt.save_code, name="save_code"),
    path("status/", status.status, name="status"),
    path("status/write/", status.write, name="write"),
    path("status/add/", status.add, name="add"),
    path("status/contest/", status.contest, name="contest"),
    path("status/mail/", status.choose_mail, name="mail"),
    path("status/mail/stop/", status.stop_mail, name="stop_mail"),
    path("status/withdraw/", status.withdraw, name="withdraw"),
    path("status/leave/", status.leave, name="leave"),
    path("reasons/<str:token>/", uploader.reasons, name="reasons"),
    path("language/", set_language, name="language"),
    path("sign-in/", sign_in.needed, name="sign_in_needed"),
    path("sign-in/<str:token>/", sign_in.sign_in, name="sign_in"),
    path("sign-out/", sign_in.sign_out, name="sign_out"),
    path("desk/", desk.queue, name="queue"),
    path("desk/cases/<int:case_id>/", desk.case, name="case"),
    path("desk/cases/<int:case_id>/decide/", desk.decide_view, name="decide"),
    path("desk/cases/<int:case_id>/ask/", desk.ask, name="ask"),
    path("desk/cases/<int:case_id>/read/", desk.read, name="read"),
    path("desk/set-aside/<int:sending_id>/open/", desk.open_set_aside, name="open_set_aside"),
    path("desk/rows/<int:row_id>/restore/", desk.restore_view, name="restore"),
    path("desk/rows/<int:row_id>/reveal/", desk.reveal, name="reveal"),
    path("desk/rows/<int:row_id>/picture/", desk.picture, name="picture"),
    path("desk/rows/<int:row_id>/origin/", desk.origin, name="origin"),
    path("desk/uploads/<int:held_id>/", uploads.upload, name="upload"),
    path("desk/uploads/<int:held_id>/decide/", uploads.decide, name="decide_upload"),
    path("desk/uploads/<int:held_id>/reveal/", uploads.reveal, name="reveal_upload"),
    path("desk/uploads/<int:held_id>/picture/", uploads.picture, name="upload_picture"),
    path("desk/appeals/<int:appeal_id>/", desk.appeal, name="appeal"),
]
