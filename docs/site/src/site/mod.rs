use anyhow::Result;
use std::path::Path;
pub fn build(_root: &Path, _out: &Path) -> Result<()> {
    Ok(())
}
