"""The report in headless Chromium: it runs without an error, asks for nothing, and prints on one page."""

import json
import re
import shutil
import subprocess

import pytest

from sport_nodes.report.report import write_report

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-pdf-header-footer",
    "--enable-logging=stderr",
    "--virtual-time-budget=2000",
    # The browser's own requests (updates, time) go nowhere.
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
A_MINUTE_S = 60


def browse(chromium, tmp_path, *options):
    command = [chromium, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=A_MINUTE_S, check=True)


@pytest.fixture
def page(request, tmp_path):
    return write_report(request.getfixturevalue(request.param), tmp_path / "report.html")


@pytest.mark.parametrize("page", ["assessment", "hostile"], indirect=True)
def test_it_runs_without_errors_and_without_the_network(chromium, page, tmp_path):
    log = tmp_path / "net.json"
    result = browse(chromium, tmp_path, "--dump-dom", f"--log-net-log={log}", page.as_uri())
    assert "CONSOLE" not in result.stderr
    # The player has drawn: it shows the first keyframe's time and has marked the time bar.
    assert re.search(r'<output id="clock">[1-9]\d*\.\d\d s</output>', result.stdout)
    assert result.stdout.count("◆") >= 4
    assert "owned</title>" not in result.stdout
    # A page's requests have an origin ("null" for a file); those of the browser itself are "not an origin".
    assert set(re.findall(r'"initiator":"([^"]*)"', log.read_text(encoding="utf-8"))) == {"not an origin"}


#: What a reader does: play, then jump to a keyframe, then scrub; what the clock shows after each, as the title.
READER = """<script>
const clock = () => parseFloat(document.getElementById("clock").textContent);
// A headless browser paints no frames by itself.
window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), 16);
const seen = [clock()];
document.getElementById("play").click();
setTimeout(() => {
  seen.push(clock());
  document.querySelectorAll(".stills button")[3].click();
  seen.push(clock());
  const scrub = document.getElementById("scrub");
  scrub.value = 0.5;
  scrub.dispatchEvent(new Event("input"));
  seen.push(clock());
  document.title = JSON.stringify(seen);
}, 600);
</script>"""


@pytest.mark.parametrize("page", ["assessment"], indirect=True)
def test_it_plays_jumps_and_scrubs(chromium, page, tmp_path, assessment):
    """With the policy taken out, since it would not let the reader's script run."""
    source = re.sub(r"<meta http-equiv[^>]*>", "", page.read_text(encoding="utf-8"))
    page.write_text(source.replace("</body>", f"{READER}</body>"), encoding="utf-8")
    shown = browse(chromium, tmp_path, "--dump-dom", page.as_uri()).stdout
    begin, played, jumped, scrubbed = json.loads(re.search(r"<title>(\[.*?\])", shown)[1])
    crouch, *_, landing = (k.time_s for k in assessment.alignment.keyframes)
    assert begin == pytest.approx(crouch, abs=0.01)
    assert crouch + 0.1 < played < crouch + 0.6
    assert jumped == pytest.approx(landing, abs=0.01)
    assert scrubbed == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("page", ["assessment", "crowded"], indirect=True)
def test_it_prints_on_one_page_of_a4(chromium, page, tmp_path):
    if shutil.which("pdfinfo") is None:
        pytest.skip("no pdfinfo on this machine: apt-get install poppler-utils")
    pdf = tmp_path / "report.pdf"
    browse(chromium, tmp_path, f"--print-to-pdf={pdf}", page.as_uri())
    info = subprocess.run(["pdfinfo", str(pdf)], capture_output=True, text=True, check=True).stdout
    assert re.search(r"Pages:\s+1\b", info)
    assert "(A4)" in info
